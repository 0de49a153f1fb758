-- Question: how many visits has each day of every build? As visits/daily.sql, for all of them.
-- Grain: one row per (site, day, bucket, build, channel, platform, paid), into `daily_filling`. Parameters: none
INSERT INTO daily_filling (site, kind, day, bucket, build, last_day, platform, channel, paid, visits, pageviews)
SELECT site, 'visits', day, bucket, build, day, platform, channel, paid, count(), sum(pageviews)
FROM visits
GROUP BY site, day, bucket, build, platform, channel, paid
