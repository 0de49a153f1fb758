-- Question: has any event that goals look for been seen on these days?
-- Grain: one row if so. Rows of builds that do not stand count too: the answer may be yes in vain.
-- Parameters: sites Array(String); days tuples (site, day); events Array(String)
SELECT 1 FROM hits
WHERE site IN {sites:Array(String)} AND (site, day) IN {days:Array(Tuple(String, Date))}
    AND name IN {events:Array(String)}
LIMIT 1
