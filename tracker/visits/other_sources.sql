-- Question: has a visit of this build another source than its address had?
-- Grain: one row if so. Parameters: build UInt64; sites Array(String); first, last Date
SELECT 1 FROM hits
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64} AND source_key != tag_key
LIMIT 1
