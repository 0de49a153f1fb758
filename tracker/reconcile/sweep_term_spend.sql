-- Question: which rows of term_spend belong to builds that no reader sees any more? They go.
-- Grain: rows of term_spend, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM term_spend
WHERE build <= {horizon:UInt64} AND (site, day, build) NOT IN
    (SELECT site, day, max(s.build) FROM slices AS s
    WHERE s.kind = 'spend' AND s.build <= {horizon:UInt64} GROUP BY site, day)
