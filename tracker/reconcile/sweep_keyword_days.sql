-- Question: which rows of keyword_days belong to builds that no reader sees any more? They go.
-- Grain: rows of keyword_days, of every site: it is housekeeping. Parameters: horizon UInt64
DELETE FROM keyword_days
WHERE build <= {horizon:UInt64} AND (kind, site, day, bucket, build) NOT IN
    (SELECT kind, site, day, bucket, max(s.build) FROM slices AS s
    WHERE s.kind IN ('visits', 'spend') AND s.build <= {horizon:UInt64}
    GROUP BY kind, site, day, bucket)
