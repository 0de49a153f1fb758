-- Question: on which days have the people of these days conversions of the sales pipeline, or of
-- goals whose paths begin after the previous conversion?
-- Grain: one row per (site, local day), these days included.
-- Parameters: build UInt64, which has just written the conversions of the days; sites
--   Array(String); days tuples (sites, first day, days); resets tuples (site, goal)
WITH
    published AS
    (
        SELECT site, day, max(build) AS build FROM slices
        WHERE kind = 'credits' AND site IN {sites:Array(String)}
        GROUP BY site, day
    ),
    standing AS
    (
        SELECT site, day, person, build FROM conversions
        WHERE site IN {sites:Array(String)} AND person != 0
            AND (origin = 'offline' OR (site, goal) IN {resets:Array(Tuple(String, String))})
            AND (build = {build:UInt64}
                OR (site, day, build) IN (SELECT site, day, build FROM published))
    )
SELECT DISTINCT site, day FROM standing
WHERE (site, person) IN
    (SELECT site, person FROM standing
    WHERE (site, day) IN
        (SELECT arrayJoin(run.1), run.2 + arrayJoin(range(run.3))
        FROM (SELECT arrayJoin({days:Array(Tuple(Array(String), Date, UInt16))}) AS run)))
ORDER BY site, day
