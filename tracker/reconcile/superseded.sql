-- Question: how many slice builds are superseded, and how many builds were never published?
-- Grain: one row (superseded, orphans). Covers every site: it is housekeeping.
-- Parameters: horizon UInt64
SELECT
    (
        SELECT count() FROM slices
        WHERE build <= {horizon:UInt64} AND (kind, site, day, bucket, build) NOT IN
            (SELECT kind, site, day, bucket, max(s.build) FROM slices AS s
            WHERE s.build <= {horizon:UInt64} GROUP BY kind, site, day, bucket)
    ),
    (
        SELECT uniqExact(build) FROM hits
        WHERE build <= {horizon:UInt64} AND build NOT IN (SELECT build FROM slices)
    )
