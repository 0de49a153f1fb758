-- Question: what did each day cost, by platform?
-- Grain: one row per (site, day, last day, platform), into `daily`, for the spend of one build.
-- Amounts are integers of 1e-6 of the site's currency.
-- Parameters: build UInt64, sites Array(String), first Date, last Date
INSERT INTO daily (site, kind, day, build, last_day, platform, impressions, clicks, cost,
    adjusted, unpriced_cost, spend_rows)
SELECT site, 'spend', day, build, last_day, platform, sum(impressions), sum(clicks),
    toInt64(ifNull(sum(cost_site), 0) * 1000000), toInt64(ifNull(sum(adjusted_site), 0) * 1000000),
    countIf(cost_site IS NULL),
    countIf(site_spend.cost != 0 OR site_spend.impressions != 0 OR site_spend.clicks != 0
        OR site_spend.adjusted = 0)
FROM site_spend
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64}
GROUP BY site, day, build, last_day, platform
