-- Question: where did the path of the person's previous conversion of this goal end?
-- Grain: one row: the time, null without one.
-- Parameters: site, goal String; asof, person UInt64; until Int64: ms since 1970, where the path of
--   the conversion itself ends
SELECT maxOrNull(path_time) AS since
FROM conversions
WHERE site = {site:String} AND goal = {goal:String} AND person = {person:UInt64} AND person != 0
    AND toUnixTimestamp64Milli(path_time) < {until:Int64}
    AND (day, build) IN
        (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64} GROUP BY day)
