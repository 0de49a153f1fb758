-- What reports add up most, at a size that they can read at once.

-- The click that a visit is: distinct values are *arrived clicks*; 0 for a visit that is none. The
-- click id where there is one, else the visitor's half hour.
ALTER TABLE visits {on_cluster} ADD COLUMN IF NOT EXISTS arrival UInt64 MATERIALIZED
    if(touch AND paid, if(click_id != '', cityHash64(click_id),
        cityHash64(visitor, intDiv(toUnixTimestamp64Milli(start), 1800000))), 0);

-- Visits and spend of each day, without keywords. Derived with the slices of their kind (visits,
-- spend) and published with them; an installation that has slices and no row here fills it when it
-- opens (reconcile/daily.py). Amounts are integers of 1e-6 of the site's currency.
CREATE TABLE IF NOT EXISTS daily {on_cluster}
(
    site           LowCardinality(String),
    kind           LowCardinality(String),        -- visits, spend
    day            Date,
    bucket         UInt16,
    build          UInt64,
    last_day       Date,                          -- = day, later only for a period total
    platform       LowCardinality(String),
    channel        LowCardinality(String),
    paid           Bool,
    visits         UInt64,
    pageviews      UInt64,
    impressions    UInt64,
    clicks         UInt64,
    cost           Int64,
    adjusted       Int64,                         -- cost after the account's rules
    unpriced_cost  UInt64,                        -- spend rows whose rate is missing
    spend_rows     UInt64
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, kind, day, bucket, build, platform, channel);
