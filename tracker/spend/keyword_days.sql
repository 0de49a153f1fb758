-- Question: what did each keyword cost on each day?
-- Grain: one row per (site, day, last day, keyword key), into `keyword_days`, for the spend of one
-- build. Amounts are integers of 1e-6 of the site's currency. A row that only has an adjusted cost
-- (a fee) is no spend row.
-- Parameters: build UInt64, sites Array(String), first Date, last Date
INSERT INTO keyword_days (site, kind, day, build, last_day, key, impressions, clicks, cost,
    adjusted, unpriced_cost, spend_rows)
SELECT site, 'spend', day, build, last_day, keyword_key, sum(impressions), sum(clicks),
    toInt64(ifNull(sum(cost_site), 0) * 1000000), toInt64(ifNull(sum(adjusted_site), 0) * 1000000),
    countIf(cost_site IS NULL),
    countIf(site_spend.cost != 0 OR site_spend.impressions != 0 OR site_spend.clicks != 0
        OR site_spend.adjusted = 0)
FROM site_spend
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64}
GROUP BY site, day, build, last_day, keyword_key
