-- Question: how do cost and return go, day by day?
-- Grain: one row per day on which anything happened.
-- Parameters: those of keyword_facts.sql, which stands before this text.
SELECT
    f.day AS day, sum(f.visits) AS visits, sum(f.weight) AS weight, sum(f.amount) AS amount,
    sum(f.unpriced_value) AS unpriced_value, sum(f.clicks) AS clicks, sum(f.cost) AS cost,
    sum(f.unpriced_cost) AS unpriced_cost, sum(f.spend_rows) AS spend_rows
FROM kept AS f
GROUP BY day
ORDER BY day
