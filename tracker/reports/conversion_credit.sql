-- Question: how is this conversion credited?
-- Grain: one row per (model, touch with a weight). Weights of 1e-9, amounts of 1e-6.
-- Parameters: site String; asof UInt64; day Date; conversion UInt64
SELECT model, position, visit_id, source_key, touch_time, weight, amount, has_value, rate_missing
FROM credits
WHERE site = {site:String} AND day = {day:Date} AND conversion_id = {conversion:UInt64}
    AND build =
        (SELECT max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' AND day = {day:Date}
            AND build <= {asof:UInt64})
ORDER BY model, position
