-- Question: how many visits and arrived clicks has each source on each day?
-- Grain: one row per (site, day, bucket, source key), into `keyword_days`, for the visits of one
-- build. Parameters: build UInt64, sites Array(String), first Date, last Date
INSERT INTO keyword_days (site, kind, day, bucket, build, last_day, key, visits, paid_visits, arrived)
SELECT site, 'visits', day, bucket, build, day, source_key, count(), countIf(paid AND touch), countIf(arrived)
FROM visits
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64}
GROUP BY site, day, bucket, build, source_key
