-- Question: how much credit does each source have under each rule model?
-- Grain: one row per (model, source). Weights are integers of 1e-9, amounts of 1e-6.
-- Parameters: site String; asof UInt64; first, last Date; by_click Bool; goal String ('' = all)
SELECT model, source_key, sum(toInt64(weight)) AS weight, sum(amount) AS amount,
    countIf(rate_missing) AS unpriced
FROM credits
WHERE site = {site:String} AND day >= {first:Date}
    AND if({by_click:Bool}, touch_day, day) BETWEEN {first:Date} AND {last:Date}
    AND ({goal:String} = '' OR goal = {goal:String})
    AND (day, build) IN
        (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64} GROUP BY day)
GROUP BY model, source_key
ORDER BY model, source_key
