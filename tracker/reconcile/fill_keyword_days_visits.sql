-- Question: how many visits and arrived clicks has each source on each day of every build? As
-- visits/keyword_days.sql, for all of them.
-- Grain: one row per (site, day, bucket, build, source key), into `keyword_days_filling`. Parameters: none
INSERT INTO keyword_days_filling (site, kind, day, bucket, build, last_day, key, visits, paid_visits,
    arrived)
SELECT site, 'visits', day, bucket, build, day, source_key, count(), countIf(paid AND touch), countIf(arrived)
FROM visits
GROUP BY site, day, bucket, build, source_key
