-- Question: of which days was the spend of these sites computed?
-- Grain: one row per site and day. Parameters: sites Array(String); first, last Date
SELECT DISTINCT site, day FROM slices
WHERE site IN {sites:Array(String)} AND kind = 'spend' AND day BETWEEN {first:Date} AND {last:Date}
