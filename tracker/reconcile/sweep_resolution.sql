-- Question: which rows of resolution belong to builds that no reader sees any more? They go.
-- Grain: rows of resolution, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM resolution
WHERE build <= {horizon:UInt64} AND (site, build) NOT IN
    (SELECT site, max(s.build) FROM slices AS s
    WHERE s.kind = 'resolution' AND s.build <= {horizon:UInt64} GROUP BY site)
