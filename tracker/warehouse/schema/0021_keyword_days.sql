-- What the keyword report adds up, a row for each source or keyword on each day. By year, because a
-- part costs a site with little in it more than its rows.

-- Derived with the slices of their kind (visits, spend) and published with them. Amounts are integers
-- of 1e-6 of the site's currency.
CREATE TABLE IF NOT EXISTS keyword_days {on_cluster}
(
    site           LowCardinality(String),
    kind           LowCardinality(String),        -- visits, spend
    day            Date,
    bucket         UInt16,
    build          UInt64,
    last_day       Date,                          -- = day, later only for a period total
    key            UInt64,                        -- of the source (visits) or the keyword (spend)
    visits         UInt32,
    paid_visits    UInt32,
    arrived        UInt32,                        -- clicks that arrived with these visits
    impressions    UInt64,
    clicks         UInt64,
    cost           Int64,
    adjusted       Int64,                         -- cost after the account's rules
    unpriced_cost  UInt32,                        -- spend rows whose rate is missing
    spend_rows     UInt32
)
ENGINE = {engine:MergeTree}
PARTITION BY toYear(day)
ORDER BY (site, kind, day, bucket, build, key);

-- When a click id was first brought, and whether a visit is the one by which its click arrived: so
-- that arrived clicks are a sum. Visits built before this count a click each time it is brought,
-- until they are built again.
ALTER TABLE clicked {on_cluster} ADD COLUMN IF NOT EXISTS first DateTime64(3, 'UTC') AFTER owner;
ALTER TABLE visits {on_cluster} ADD COLUMN IF NOT EXISTS arrived Bool DEFAULT arrival != 0 AFTER shared;

-- What each source earned on each day of conversions, derived and published with credits. `lags` are
-- those from credited touches to the end of the path, in ms; `valued` conversions have a value.
CREATE TABLE IF NOT EXISTS credit_days {on_cluster}
(
    site           LowCardinality(String),
    model          LowCardinality(String),
    day            Date,                          -- of the conversions
    build          UInt64,
    goal           LowCardinality(String),
    touch_day      Date,
    source_key     UInt64,                        -- 0 = no touch
    weight         Int64,
    amount         Int64,
    unpriced_value UInt32,
    valued         UInt32,
    lags           Array(Int64)
)
ENGINE = {engine:MergeTree}
PARTITION BY toYear(day)
ORDER BY (site, model, day, build, goal, touch_day, source_key);
