-- Question: which of these sites have conversions that visits of these days may change?
-- Grain: one row per site. Rows of builds that do not stand count too: the answer may be yes in vain.
-- Parameters: sites Array(String); first, last, later Date
-- Part `wide`: the sites have people or offline conversions, so that any conversion may be concerned; of
-- others only those of visitors of these days, from `later` on: the first of them, or the day after it if
-- the conversions of that day are built whatever this says.
-- if wide
SELECT DISTINCT site FROM conversions WHERE site IN {sites:Array(String)}
-- end
-- unless wide
SELECT DISTINCT site FROM hits
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND (site, visitor) IN
        (SELECT site, visitor FROM conversions
        WHERE site IN {sites:Array(String)} AND day >= {later:Date})
-- end
