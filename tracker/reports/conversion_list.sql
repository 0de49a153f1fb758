-- Question: which conversions happened in this period, or which one has this id?
-- Grain: one row per conversion, newest first.
-- Parameters: site String; asof UInt64; first, last Date; goal String ('' = all);
--   wanted UInt64 (0 = any); rows, skip UInt64
SELECT conversion_id, day, goal, time, path_time, visitor, person, visit_id, matched, tried_until, lead,
    value, currency, tax_rate, value_site, product_group, order_cost, gain_site, rate_missing
FROM conversions
WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}
    AND ({goal:String} = '' OR goal = {goal:String})
    AND ({wanted:UInt64} = 0 OR conversion_id = {wanted:UInt64})
    AND (day, build) IN
        (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64} GROUP BY day)
ORDER BY time DESC, conversion_id
LIMIT {rows:UInt64} OFFSET {skip:UInt64}
