-- Question: by which paths did conversions come?
-- Grain: one row per distinct path: the source keys of its touches in order, how many conversions
--   had it, and their value, in 1e-6 of the site's currency. A conversion without a touch has none.
--   `unpriced` counts credit whose amount is unknown, as an exchange rate is missing; `earning` conversions
--   whose value is revenue, which of leads are others than those that count.
-- Parameters: site String; asof UInt64; first, last Date; by_click Bool; goal String ('' = what counts in totals)
-- By conversion date: conversions of the period. By click date: those with a touch in the period.
SELECT path, countIf(counted) AS conversions, sum(value) AS value, sum(lacking) AS unpriced,
    countIf(earned) AS earning
FROM
(
    SELECT day, conversion_id,
        countIf(rate_missing AND ({goal:String} != '' OR earns)) AS lacking,
        arrayMap(t -> t.2, arraySort(groupArray((position, source_key)))) AS path,
        any(weight > 0 AND ({goal:String} != '' OR counts)) AS counted,
        any(weight > 0 AND ({goal:String} != '' OR earns)) AS earned,
        sumIf(amount, {goal:String} != '' OR earns) AS value
    FROM credits
    WHERE site = {site:String} AND model = 'linear' AND source_key != 0 AND day >= {first:Date}
        AND ({by_click:Bool} OR day <= {last:Date})
        AND if({goal:String} = '', counts OR earns, goal = {goal:String})
        AND (day, build) IN
            (SELECT day, max(build) FROM slices
            WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64}
            GROUP BY day)
    GROUP BY day, conversion_id
    HAVING NOT {by_click:Bool} OR countIf(touch_day BETWEEN {first:Date} AND {last:Date}) > 0
)
GROUP BY path
ORDER BY path
