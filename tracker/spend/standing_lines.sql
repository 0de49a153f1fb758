-- Question: what do these slices of one platform hold?
-- Grain: one row per (account, day, last_day, key), in that order; the scopes of a day together.
-- Parameters: tenant, platform String; first, last Date, the first days of the slices lie within;
--   slices tuples (account, day, last_day, scope, pull)
-- The key has the same parts in the same order as that of the importer.
SELECT
    account, day, last_day,
    arrayStringConcat([toString(campaign), toString(ad_group),
        multiIf(keyword != '', toString(keyword), keyword_id != '',
            concat('\x1e', toString(keyword_id)), ''), toString(match_type),
        toString(campaign_id), toString(ad_group_id), toString(keyword_id), toString(device),
        toString(network), toString(kind), toString(reason), toString(currency)], '\x1f') AS key,
    toInt64(sum(impressions)) AS impressions, toInt64(sum(clicks)) AS clicks,
    toInt64(sum(cost) * 1000000) AS cost,
    toInt64(sum(platform_conversions) * 1000000) AS conversions,
    toInt64(sum(platform_value) * 1000000) AS value
FROM spend
WHERE tenant = {tenant:String} AND platform = {platform:String}
    AND day >= {first:Date} AND day <= {last:Date}
    AND (account, day, last_day, scope, pull) IN
        {slices:Array(Tuple(String, Date, Date, String, UInt64))}
GROUP BY account, day, last_day, key
ORDER BY account, day, last_day, key
