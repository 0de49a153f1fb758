-- Question: how much of what was earned could be joined to a source?
-- Grain: one row. `joined` has a touch. Weights are integers of 1e-9, amounts of 1e-6.
-- Parameters: site String; asof UInt64; first, last Date; model, goal String; by_click Bool
SELECT
    sumIf(toInt64(c.weight), {goal:String} != '' OR c.counts) AS weight,
    sumIf(toInt64(c.weight), c.source_key != 0 AND ({goal:String} != '' OR c.counts)) AS joined_weight,
    sumIf(c.amount, {goal:String} != '' OR c.earns) AS amount,
    sumIf(c.amount, c.source_key != 0 AND ({goal:String} != '' OR c.earns)) AS joined_amount,
    countIf(c.rate_missing AND ({goal:String} != '' OR c.earns)) AS unpriced
FROM credits AS c
WHERE site = {site:String} AND model = {model:String} AND day >= {first:Date}
    AND if({by_click:Bool}, touch_day, day) BETWEEN {first:Date} AND {last:Date}
    AND if({goal:String} = '', counts OR earns, goal = {goal:String})
    AND (day, build) IN
        (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64} GROUP BY day)
