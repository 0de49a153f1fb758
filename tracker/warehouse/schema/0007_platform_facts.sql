-- What ad platforms tell besides keyword cost: search terms, the keywords of click ids, and their
-- own totals of an account's day. Facts, as spend is: a pull's rows count when `fact_slices` says so.

-- What was typed, and what it cost. Platforms leave rare terms out: these do not add up.
CREATE TABLE IF NOT EXISTS search_terms {on_cluster}
(
    tenant         LowCardinality(String),
    platform       LowCardinality(String),
    account        LowCardinality(String),
    day            Date,
    pull           UInt64,
    campaign_id    LowCardinality(String),
    campaign       LowCardinality(String),
    ad_group_id    LowCardinality(String),
    ad_group       LowCardinality(String),
    keyword_id     LowCardinality(String),
    keyword        LowCardinality(String),
    match_type     LowCardinality(String),
    device         LowCardinality(String),
    term           String CODEC(ZSTD(3)),
    impressions    UInt64,
    clicks         UInt64,
    cost           Decimal(18, 6),
    currency       LowCardinality(String),
    platform_conversions Nullable(Decimal(18, 6)),
    platform_value       Nullable(Decimal(18, 6))
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, platform, account, day, pull)
SETTINGS {fsync}, non_replicated_deduplication_window = 10000;

-- To which keyword a click id belongs. Each row stands by itself: the highest pull of a click id
-- counts, and a click once told stays told, whatever later pulls leave out.
CREATE TABLE IF NOT EXISTS click_lookups {on_cluster}
(
    tenant         LowCardinality(String),
    platform       LowCardinality(String),
    account        LowCardinality(String),
    click_id       String CODEC(ZSTD(1)),
    day            Date,                          -- of the click, in the account's time zone
    pull           UInt64,
    campaign_id    LowCardinality(String),
    ad_group_id    LowCardinality(String),
    keyword_id     LowCardinality(String),        -- empty for a click without a keyword
    keyword        LowCardinality(String),
    match_type     LowCardinality(String)
)
ENGINE = {engine:ReplacingMergeTree(pull)}
ORDER BY (tenant, click_id, platform, account)
SETTINGS {fsync}, non_replicated_deduplication_window = 10000;

-- The platform's own sum of an account's day, and the clicks that it took back as invalid.
CREATE TABLE IF NOT EXISTS account_totals {on_cluster}
(
    tenant         LowCardinality(String),
    platform       LowCardinality(String),
    account        LowCardinality(String),
    day            Date,
    pull           UInt64,
    impressions    UInt64,
    clicks         UInt64,
    cost           Decimal(18, 6),
    currency       LowCardinality(String),
    platform_conversions Nullable(Decimal(18, 6)),
    platform_value       Nullable(Decimal(18, 6)),
    invalid_clicks       Nullable(UInt64)         -- null where the platform does not say
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, platform, account, day, pull)
SETTINGS {fsync}, non_replicated_deduplication_window = 10000;

-- Which pull stands for (account, day) of a kind of fact: the row with the highest version.
CREATE TABLE IF NOT EXISTS fact_slices {on_cluster}
(
    tenant      LowCardinality(String),
    platform    LowCardinality(String),
    account     LowCardinality(String),
    day         Date,
    fact        LowCardinality(String),           -- search_terms, clicks, account_totals
    pull        UInt64,
    version     UInt64,
    rows        UInt64,
    imported    DateTime64(3, 'UTC')
)
ENGINE = {engine:MergeTree}
ORDER BY (tenant, platform, account, fact, day, version)
SETTINGS {fsync};
