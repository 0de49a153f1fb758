-- Question: what did each keyword cost and bring in the period?
-- Grain: one row per keyword, and per (platform, reason) of what is unattributed.
-- Parameters: those of keyword_facts.sql, which stands before this text.
SELECT
    f.keyword_key AS keyword_key,
    if(f.keyword_key = 0, f.reason, '') AS reason,
    if(f.keyword_key = 0, f.platform, '') AS reason_platform,
    sum(f.visits) AS visits, uniqExactMerge(f.arrived) AS arrived, sum(f.weight) AS weight,
    sum(f.amount) AS amount, sum(f.valued_weight) AS valued_weight,
    sum(f.unpriced_value) AS unpriced_value, sum(f.impressions) AS impressions,
    sum(f.clicks) AS clicks, sum(f.cost) AS cost, sum(f.untracked_cost) AS untracked_cost,
    sum(f.unpriced_cost) AS unpriced_cost, sum(f.paid_visits) AS paid_visits,
    sum(f.spend_rows) AS spend_rows
FROM kept AS f
GROUP BY keyword_key, reason, reason_platform
