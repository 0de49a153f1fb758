-- Question: which spend of a site is of several days together, as its file had no days?
-- Grain: one row per (first day, last day, platform).
-- Parameters: site String; spend_builds, older_spend: the builds that count (published.py)
SELECT day, last_day, toString(platform) AS platform
FROM daily
WHERE site = {site:String} AND kind = 'spend' AND last_day > day
    AND build IN {spend_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
GROUP BY day, last_day, platform
ORDER BY day, last_day, platform
