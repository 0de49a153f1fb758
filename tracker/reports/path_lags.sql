-- Question: how long before it was a conversion's first touch, its last
-- non-direct one, and how many touches had it?
-- Grain: one row per (model, whole days, length); `model` first or last_non_direct; length 0 and
--   model first: conversions without a touch.
-- Parameters: site String; asof UInt64; first, last Date; by_click Bool; goal String ('' = what counts in totals);
--   limited Bool, kept Array(UInt64): only conversions whose last non-direct touch has one of these sources
WITH
    counted AS
    (
        SELECT model, day, conversion_id, source_key, touch_day, lag, length FROM credits
        WHERE site = {site:String} AND model IN ('first', 'last_non_direct', 'linear')
            AND day >= {first:Date} AND ({by_click:Bool} OR day <= {last:Date})
            AND weight > 0 AND if({goal:String} = '', counts, goal = {goal:String})
            AND (day, build) IN
                (SELECT day, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64}
                GROUP BY day)
    )
SELECT model, intDiv(lag, 86400000) AS days, length, count() AS conversions
FROM counted
WHERE model != 'linear' AND (NOT {by_click:Bool} OR (day, conversion_id) IN
    (SELECT day, conversion_id FROM counted
    WHERE model = 'linear' AND touch_day BETWEEN {first:Date} AND {last:Date}))
    AND (NOT {limited:Bool} OR (day, conversion_id) IN
        (SELECT day, conversion_id FROM counted
        WHERE model = 'last_non_direct' AND source_key IN {kept:Array(UInt64)}))
GROUP BY model, days, length
ORDER BY model, days, length
