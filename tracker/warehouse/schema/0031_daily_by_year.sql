-- By year for the same reason as keyword_days. Its rows are derived: whoever opens the warehouse next,
-- which is the process that has just migrated it, makes those of every build (reconcile/sums.py).
DROP TABLE IF EXISTS daily {on_cluster};

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
PARTITION BY toYear(day)
ORDER BY (site, kind, day, bucket, build, platform, channel);
