-- Question: how many visits had these keywords on each day, and what did they cost?
-- Grain: one row per (day, last day of spend) with something, as in keyword_days.sql.
-- Parameters: site String; day_builds, older_days, keywords, resolution: the builds that count
--   (published.py); first, last Date; platform String ('' = all); kept Array(UInt64)
WITH chosen AS
(
    SELECT 'spend' AS kind, keyword_key AS key FROM keywords
    WHERE site = {site:String} AND canonical_key IN {kept:Array(UInt64)}
        AND ({platform:String} = '' OR platform = {platform:String}) AND build = {keywords:UInt64}
    UNION ALL
    SELECT 'visits' AS kind, source_key AS key FROM resolution
    WHERE site = {site:String} AND keyword_key IN {kept:Array(UInt64)}
        AND ({platform:String} = '' OR platform = {platform:String}) AND build = {resolution:UInt64}
)
SELECT day, last_day, sum(d.visits) AS visits, sum(d.impressions) AS impressions,
    sum(d.clicks) AS clicks, sum(d.cost) AS cost, sum(d.unpriced_cost) AS unpriced_cost,
    sum(d.spend_rows) AS spend_rows
FROM keyword_days AS d
WHERE site = {site:String} AND kind IN ('visits', 'spend')
    AND day >= {first:Date} AND last_day <= {last:Date}
    AND build IN {day_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_days:Array(Tuple(Date, UInt16, UInt64))}
    AND (toString(kind), key) IN (SELECT kind, key FROM chosen)
GROUP BY day, last_day
