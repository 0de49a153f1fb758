-- Question: which rows of keywords belong to builds that no reader sees any more? They go.
-- Grain: rows of keywords, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM keywords
WHERE build <= {horizon:UInt64} AND (site, build) NOT IN
    (SELECT site, max(s.build) FROM slices AS s
    WHERE s.kind = 'keywords' AND s.build <= {horizon:UInt64} GROUP BY site)
