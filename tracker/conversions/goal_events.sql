-- Question: has any event that goals look for been seen on these days?
-- Grain: one row if so. Rows of builds that do not stand count too: the answer may be yes in vain.
-- Parameters: sites Array(String); days tuples (sites, first day, days); events Array(String)
SELECT 1 FROM hits
WHERE site IN {sites:Array(String)}
    AND (site, day) IN
        (SELECT arrayJoin(run.1), run.2 + arrayJoin(range(run.3))
        FROM (SELECT arrayJoin({days:Array(Tuple(Array(String), Date, UInt16))}) AS run))
    AND name IN {events:Array(String)}
LIMIT 1
