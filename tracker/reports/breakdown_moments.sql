-- Question: when did each conversion happen, and whose is it?
-- Grain: one row per conversion from the period's first day on. Parameters: site String; asof
--   UInt64 (the builds that count); first Date
SELECT conversion_id, time AS converted, person, visitor
FROM conversions
WHERE site = {site:String} AND day >= {first:Date} AND (day, build) IN
    (SELECT day, max(build) FROM slices
    WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64} GROUP BY day)
