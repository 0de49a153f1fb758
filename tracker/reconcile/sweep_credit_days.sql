-- Question: which rows of credit_days belong to builds that no reader sees any more? They go.
-- Grain: rows of credit_days, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM credit_days
WHERE build <= {horizon:UInt64} AND (site, day, build) NOT IN
    (SELECT site, day, max(s.build) FROM slices AS s
    WHERE s.kind = 'credits' AND s.build <= {horizon:UInt64} GROUP BY site, day)
