-- Question: which slices has this build made?
-- Grain: one row per slice, into `slices`: readers see all of them from this insert on, as it is one part.
-- Parameters: build UInt64; published DateTime64(3); runs tuples (kind, sites, buckets, first day, days):
-- the slices as runs of days
INSERT INTO slices (kind, site, day, bucket, build, published)
SELECT r.1, arrayJoin(r.2), r.4 + arrayJoin(range(r.5)), arrayJoin(r.3), {build:UInt64},
    {published:DateTime64(3, 'UTC')}
FROM (SELECT arrayJoin({runs:Array(Tuple(String, Array(String), Array(UInt16), Date, UInt16))}) AS r)
