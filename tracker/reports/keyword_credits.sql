-- Question: what did each source earn on each day?
-- Grain: one row per (day, source); the source 0 is of conversions without a touch. Weights are
--   integers of 1e-9, amounts of 1e-6 of the site's currency.
-- Parameters: site String; credit_builds, older_credits: the builds that count (published.py);
--   first, last Date; model String; goal String ('' = what counts in totals); by_click Bool
--   valid_goals, invalid_goals Array(String): stages that tell whether an inquiry is worth anything
SELECT source_key, if({by_click:Bool}, touch_day, day) AS at,
    sumIf(d.weight, {goal:String} != '' OR d.counts) AS weight,
    sumIf(d.amount, {goal:String} != '' OR d.earns) AS amount,
    sumIf(d.own_amount, {goal:String} != '' OR d.earns) AS own_amount,
    sumIf(d.own_gain, {goal:String} != '' OR d.earns) AS own_gain,
    sumIf(d.unpriced_value, {goal:String} != '' OR d.earns) AS unpriced_value,
    sumIf(d.weight, goal IN {valid_goals:Array(String)}) AS valid_weight,
    sumIf(d.weight, goal IN {invalid_goals:Array(String)}) AS invalid_weight
FROM credit_days AS d
WHERE site = {site:String} AND model = {model:String} AND day >= {first:Date}
    AND at BETWEEN {first:Date} AND {last:Date}
    AND if({goal:String} = '', d.counts OR d.earns OR goal IN {valid_goals:Array(String)}
        OR goal IN {invalid_goals:Array(String)}, goal = {goal:String})
    AND build IN {credit_builds:Array(UInt64)}
    AND (day, 0, build) NOT IN {older_credits:Array(Tuple(Date, UInt16, UInt64))}
GROUP BY source_key, at
