-- Question: what did each day of every build cost? As spend/daily.sql, for all of them.
-- Grain: one row per (site, day, build, last day, platform), into `daily_filling`. Parameters: none
INSERT INTO daily_filling (site, kind, day, build, last_day, platform, impressions, clicks, cost,
    adjusted, unpriced_cost, spend_rows)
SELECT site, 'spend', day, build, last_day, platform, sum(impressions), sum(clicks),
    toInt64(ifNull(sum(cost_site), 0) * 1000000), toInt64(ifNull(sum(adjusted_site), 0) * 1000000),
    countIf(cost_site IS NULL),
    countIf(site_spend.cost != 0 OR site_spend.impressions != 0 OR site_spend.clicks != 0
        OR site_spend.adjusted = 0)
FROM site_spend
GROUP BY site, day, build, last_day, platform
