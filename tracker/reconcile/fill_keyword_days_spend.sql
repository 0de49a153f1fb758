-- Question: what did each keyword cost on each day of every build? As spend/keyword_days.sql, for
-- all of them.
-- Grain: one row per (site, day, build, last day, keyword key), into `keyword_days_filling`. Parameters: none
INSERT INTO keyword_days_filling (site, kind, day, build, last_day, key, impressions, clicks, cost,
    adjusted, unpriced_cost, spend_rows)
SELECT site, 'spend', day, build, last_day, keyword_key, sum(impressions), sum(clicks),
    toInt64(ifNull(sum(cost_site), 0) * 1000000), toInt64(ifNull(sum(adjusted_site), 0) * 1000000),
    countIf(cost_site IS NULL),
    countIf(site_spend.cost != 0 OR site_spend.impressions != 0 OR site_spend.clicks != 0
        OR site_spend.adjusted = 0)
FROM site_spend
GROUP BY site, day, build, last_day, keyword_key
