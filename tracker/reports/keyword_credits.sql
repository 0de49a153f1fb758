-- Question: what did each keyword earn on each day?
-- Grain: one row per (day, keyword or reason). Weights are integers of 1e-9, amounts of 1e-6 of the
--   site's currency.
-- Parameters: site String; credit_builds, older_credits and resolution: the builds that count
--   (published.py); first, last Date; model String; goal String ('' = what counts in totals);
--   by_click Bool; platform String ('' = all); limited Bool with kept Array(UInt64): only these
--   keywords
SELECT c.at AS day, r.keyword_key AS keyword_key,
    if(r.keyword_key = 0, toString(r.platform), '') AS platform_of,
    multiIf(c.source_key = 0, 'no_touch', r.keyword_key = 0, toString(r.reason), '') AS reason_of,
    sum(c.weight) AS weight, sum(c.amount) AS amount, sum(c.unpriced_value) AS unpriced_value
FROM
(
    SELECT source_key, if({by_click:Bool}, touch_day, day) AS at,
        sumIf(d.weight, {goal:String} != '' OR d.counts) AS weight,
        sumIf(d.amount, {goal:String} != '' OR d.earns) AS amount,
        sumIf(d.unpriced_value, {goal:String} != '' OR d.earns) AS unpriced_value
    FROM credit_days AS d
    WHERE site = {site:String} AND model = {model:String} AND day >= {first:Date}
        AND at BETWEEN {first:Date} AND {last:Date}
        AND if({goal:String} = '', d.counts OR d.earns, goal = {goal:String})
        AND build IN {credit_builds:Array(UInt64)}
        AND (day, 0, build) NOT IN {older_credits:Array(Tuple(Date, UInt16, UInt64))}
    GROUP BY source_key, at
) AS c
LEFT JOIN
(
    SELECT source_key, keyword_key, platform, reason FROM resolution
    WHERE site = {site:String} AND build = {resolution:UInt64}
) AS r ON c.source_key = r.source_key
WHERE ({platform:String} = '' OR r.platform = {platform:String})
    AND (NOT {limited:Bool} OR r.keyword_key IN {kept:Array(UInt64)})
GROUP BY day, keyword_key, platform_of, reason_of
