-- Question: which publications are superseded, now that their rows are gone? They go too.
-- Grain: rows of slices, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM slices
WHERE build <= {horizon:UInt64} AND (kind, site, day, bucket, build) NOT IN
    (SELECT kind, site, day, bucket, max(s.build) FROM slices AS s
    WHERE s.build <= {horizon:UInt64} GROUP BY kind, site, day, bucket)
