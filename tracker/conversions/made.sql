-- Question: has this build written conversions, and when does the first of their paths end?
-- Grain: one row: how many, and that instant. Parameters: build UInt64; sites Array(String);
-- first, last Date
SELECT count(), min(path_time) FROM conversions
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64}
