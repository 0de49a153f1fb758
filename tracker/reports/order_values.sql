-- Question: what is an order worth on average?
-- Grain: one row: leads with an order that has a value, and their sum in the site's currency,
--   refunds taken off; how many values lack their rate. Parameters: site String; goals Array(String)
SELECT uniqExactIf(if(lead = '', external_id, lead), value_site IS NOT NULL AND NOT is_refund) AS orders,
    sum(value_site) AS total, countIf(rate_missing) AS unpriced
FROM conversions
WHERE site = {site:String} AND origin = 'offline' AND goal IN {goals:Array(String)}
    AND (day, build) IN (SELECT day, max(build) FROM slices
        WHERE kind = 'credits' AND site = {site:String} GROUP BY day)
