-- Question: which rows of hits belong to builds that no reader sees any more? They go.
-- Grain: rows of hits, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM hits
WHERE build <= {horizon:UInt64} AND (site, day, bucket, build) NOT IN
    (SELECT site, day, bucket, max(s.build) FROM slices AS s
    WHERE s.kind = 'visits' AND s.build <= {horizon:UInt64} GROUP BY site, day, bucket)
