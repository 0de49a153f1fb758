-- Question: none: it deletes what is older than the days for which its site keeps it.
-- Grain: rows of `events`, of every site: it is housekeeping. The caller puts another table and its
--   column of time in their place. Parameters: sites Array(String); cutoffs Array(DateTime64(3))
ALTER TABLE events DELETE
WHERE site IN {sites:Array(String)}
    AND time < {cutoffs:Array(DateTime64(3, 'UTC'))}[indexOf({sites:Array(String)}, toString(site))]
