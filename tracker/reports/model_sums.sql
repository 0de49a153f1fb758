-- Question: how much credit does each source have under each rule model?
-- Grain: one row per (model, source). Weights are integers of 1e-9, amounts of 1e-6.
-- Parameters: site String; asof UInt64; first, last Date; by_click Bool; goal String ('' = what counts in totals)
SELECT model, source_key, sumIf(toInt64(weight), {goal:String} != '' OR counts) AS weight,
    sumIf(amount, {goal:String} != '' OR earns) AS amount,
    countIf(rate_missing AND ({goal:String} != '' OR earns)) AS unpriced
FROM credits
WHERE site = {site:String} AND day >= {first:Date}
    AND if({by_click:Bool}, touch_day, day) BETWEEN {first:Date} AND {last:Date}
    AND if({goal:String} = '', counts OR earns, goal = {goal:String})
    AND (day, build) IN
        (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64} GROUP BY day)
GROUP BY model, source_key
ORDER BY model, source_key
