-- Question: what did each stage of the pipeline bring in a period?
-- Grain: one row per goal (stage:KEY, or repeat:KEY). Amounts are in the site's currency, refunds
--   taken off; a refund is no conversion.
-- Parameters: site String; first, last Date
SELECT toString(goal) AS goal, countIf(NOT is_refund) AS conversions, countIf(value IS NOT NULL) AS valued,
    sum(value_site) AS total, countIf(rate_missing) AS unpriced,
    sumIf(value_site, gain_site IS NOT NULL) AS own_value, sum(gain_site) AS own_gain
FROM conversions
WHERE site = {site:String} AND origin = 'offline' AND day BETWEEN {first:Date} AND {last:Date}
    AND (day, build) IN (SELECT day, max(build) FROM slices
        WHERE kind = 'credits' AND site = {site:String} GROUP BY day)
GROUP BY goal
ORDER BY goal
