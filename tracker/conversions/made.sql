-- Question: has this build written conversions of these days?
-- Grain: one row if so.
-- Parameters: build UInt64; sites Array(String); days tuples (site, day)
SELECT 1 FROM conversions
WHERE site IN {sites:Array(String)} AND build = {build:UInt64}
    AND (site, day) IN {days:Array(Tuple(String, Date))}
LIMIT 1
