-- Question: how is linear credit dealt over sources and days? Data-driven credit of a channel is
--   dealt over its touches in the same proportion.
-- Grain: one row per (source, day on which the credit lands). Weights of 1e-9, amounts of 1e-6.
-- Parameters: site String; asof UInt64; first, last Date; by_click Bool; goal String ('' = what counts in totals)
--   valid_goals, invalid_goals Array(String): as in keyword_credits.sql
WITH
    counted AS
    (
        SELECT day, conversion_id, touch_day, source_key,
            if({goal:String} != '' OR counts, c.weight, 0) AS weight,
            if({goal:String} != '' OR earns, amount, 0) AS amount,
            if({goal:String} != '' OR earns, own_amount, 0) AS own_amount,
            if({goal:String} != '' OR earns, own_gain, 0) AS own_gain,
            rate_missing AND ({goal:String} != '' OR earns) AS rate_missing,
            if(goal IN {valid_goals:Array(String)}, c.weight, 0) AS valid_weight,
            if(goal IN {invalid_goals:Array(String)}, c.weight, 0) AS invalid_weight
        FROM credits AS c
        WHERE site = {site:String} AND model = 'linear' AND day >= {first:Date}
            AND ({by_click:Bool} OR day <= {last:Date})
            AND if({goal:String} = '', counts OR earns OR goal IN {valid_goals:Array(String)}
                OR goal IN {invalid_goals:Array(String)}, goal = {goal:String})
            AND (day, build) IN
                (SELECT day, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64}
                GROUP BY day)
    )
SELECT source_key, if({by_click:Bool}, touch_day, day) AS at, sum(toInt64(weight)) AS weight,
    sum(amount) AS amount, countIf(rate_missing) AS unpriced, sum(own_amount) AS own_amount,
    sum(own_gain) AS own_gain, sum(toInt64(valid_weight)) AS valid_weight,
    sum(toInt64(invalid_weight)) AS invalid_weight
FROM counted
WHERE NOT {by_click:Bool} OR (day, conversion_id) IN
    (SELECT day, conversion_id FROM counted WHERE touch_day BETWEEN {first:Date} AND {last:Date})
GROUP BY source_key, at
ORDER BY at, source_key
