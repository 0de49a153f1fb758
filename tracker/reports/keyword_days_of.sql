-- Question: how many visits had these keywords on each day, and what did they cost?
-- Grain: one row per (day, last day of spend) with something, as in keyword_days.sql, from visits
--   and spend themselves, since daily sums have no keywords.
-- Parameters: site String; asof, keywords, resolution UInt64 (the builds that count); first, last
--   Date; platform String ('' = all); kept Array(UInt64)
WITH
    known AS
    (
        SELECT keyword_key FROM keywords
        WHERE site = {site:String} AND canonical_key IN {kept:Array(UInt64)}
            AND ({platform:String} = '' OR platform = {platform:String}) AND build = {keywords:UInt64}
    ),
    chosen AS
    (
        SELECT source_key FROM resolution
        WHERE site = {site:String} AND keyword_key IN {kept:Array(UInt64)}
            AND ({platform:String} = '' OR platform = {platform:String}) AND build = {resolution:UInt64}
    ),
    facts AS
    (
        SELECT day, day AS last_day, toUInt64(1) AS visits, toUInt64(0) AS impressions,
            toUInt64(0) AS clicks, toInt64(0) AS cost, toUInt64(0) AS unpriced_cost,
            toUInt64(0) AS spend_rows
        FROM visits
        WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}
            AND source_key IN (SELECT source_key FROM chosen)
            AND (day, bucket, build) IN
                (SELECT day, bucket, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'visits'
                AND day BETWEEN {first:Date} AND {last:Date} AND build <= {asof:UInt64}
                GROUP BY day, bucket)
        UNION ALL
        SELECT s.day, s.last_day, 0, s.impressions, s.clicks,
            toInt64(ifNull(toDecimal128(s.cost_site, 6) * 1000000, 0)),
            toUInt64(s.cost_site IS NULL), 1
        FROM site_spend AS s
        WHERE s.site = {site:String} AND s.day >= {first:Date} AND s.last_day <= {last:Date}
            AND s.keyword_key IN (SELECT keyword_key FROM known)
            AND (s.day, s.build) IN
                (SELECT day, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'spend'
                AND day BETWEEN {first:Date} AND {last:Date} AND build <= {asof:UInt64}
                GROUP BY day)
    )
SELECT f.day AS day, f.last_day AS last_day, sum(f.visits) AS visits,
    sum(f.impressions) AS impressions, sum(f.clicks) AS clicks, sum(f.cost) AS cost,
    sum(f.unpriced_cost) AS unpriced_cost, sum(f.spend_rows) AS spend_rows
FROM facts AS f
GROUP BY day, last_day
