-- Question: has this build met click ids that came again later, or by somebody else?
-- Grain: one row if so. Parameters: build UInt64; sites Array(String)
SELECT 1 FROM clicked
WHERE site IN {sites:Array(String)} AND build = {build:UInt64} AND again
LIMIT 1
