-- Question: which conversions are a person's, in any build?
-- Grain: one row per conversion. Parameters: site String; visitors Array(UInt64)
SELECT DISTINCT conversion_id, external_id, day FROM conversions
WHERE site = {site:String}
    AND (visitor IN {visitors:Array(UInt64)} OR person IN {visitors:Array(UInt64)})
