-- Question: which of these sites have conversions at all?
-- Grain: one row per site.
-- Parameters: sites Array(String)
SELECT DISTINCT site FROM conversions WHERE site IN {sites:Array(String)}
