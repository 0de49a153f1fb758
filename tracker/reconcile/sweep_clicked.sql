-- Question: which rows of clicked belong to builds that are done? They go.
-- Grain: rows of clicked, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM clicked
WHERE build < {horizon:UInt64}
