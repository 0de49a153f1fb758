-- Question: on which of these days may a stage of a lead lie, by any version of it?
-- Grain: one row per (site, day).
-- Parameters: sites Array(String); days tuples (sites, first day, instants): runs of
-- days; where each begins and, last, where the run ends, in seconds since 1970
SELECT DISTINCT o.site AS site, c.day AS day
FROM offline_conversions AS o
ASOF INNER JOIN
(
    SELECT arrayJoin(run.1) AS site, run.2 + n AS day, toDateTime64(run.3[n + 1], 3, 'UTC') AS begin,
        toDateTime64(run.3[n + 2], 3, 'UTC') AS finish
    FROM (SELECT arrayJoin({days:Array(Tuple(Array(String), Date, Array(Int64)))}) AS run)
    ARRAY JOIN range(length(run.3) - 1) AS n
) AS c ON o.site = c.site AND o.time >= c.begin
WHERE o.site IN {sites:Array(String)} AND o.time < c.finish
