-- Question: how many visits has each day, by channel and platform?
-- Grain: one row per (site, day, bucket, channel, platform, paid), into `daily`, for the visits of
-- one build. Parameters: build UInt64, sites Array(String), first Date, last Date
INSERT INTO daily (site, kind, day, bucket, build, last_day, platform, channel, paid, visits, pageviews)
SELECT site, 'visits', day, bucket, build, day, platform, channel, paid, count(), sum(pageviews)
FROM visits
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64}
GROUP BY site, day, bucket, build, platform, channel, paid
