-- Question: which of these sites have conversions that visits of these days may change?
-- Grain: one row per site. Without people and offline conversions only those of visitors of these
-- days count, and of the first of them or later; rows of builds that do not stand count too.
-- Parameters: sites Array(String); first, last Date; parts `people` and `offline` as in
-- affected_days.sql
-- unless people
-- unless offline
SELECT DISTINCT site FROM hits
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND (site, visitor) IN
        (SELECT site, visitor FROM conversions
        WHERE site IN {sites:Array(String)} AND day >= {first:Date})
-- end
-- end
-- if people
SELECT DISTINCT site FROM conversions WHERE site IN {sites:Array(String)}
-- end
-- unless people
-- if offline
SELECT DISTINCT site FROM conversions WHERE site IN {sites:Array(String)}
-- end
-- end
