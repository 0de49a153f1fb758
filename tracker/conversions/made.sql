-- Question: has this build written conversions, when does the first of their paths end, has any a value
-- that counts, and has any a gain of its own?
-- Grain: one row: how many, that instant, and how many have each. Parameters: build UInt64; sites
-- Array(String); first, last Date
SELECT count(), min(path_time), countIf(value_site IS NOT NULL), countIf(gain_site IS NOT NULL)
FROM conversions
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64}
