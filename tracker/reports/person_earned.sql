-- Question: which conversions are a person's?
-- Grain: one row per conversion, the newest first. Parameters: site String; visitors
--   Array(UInt64); most UInt64
SELECT conversion_id, toString(goal) AS goal, toString(origin) AS origin, external_id, lead, time, value,
    toString(currency) AS currency, tax_rate, toString(matched) AS matched
FROM conversions
WHERE site = {site:String}
    AND (person IN {visitors:Array(UInt64)} OR visitor IN {visitors:Array(UInt64)})
    AND (day, build) IN (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' GROUP BY day)
ORDER BY time DESC, conversion_id
LIMIT {most:UInt64}
