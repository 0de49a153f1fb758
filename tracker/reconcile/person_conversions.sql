-- Question: which conversions are a person's, or have one of these external ids, in any build?
-- Grain: one row per conversion and day.
-- Parameters: site String; visitors Array(UInt64); ids Array(String)
SELECT DISTINCT conversion_id, day FROM conversions
WHERE site = {site:String}
    AND (visitor IN {visitors:Array(UInt64)} OR person IN {visitors:Array(UInt64)}
        OR external_id IN {ids:Array(String)})
