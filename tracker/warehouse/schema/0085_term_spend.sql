-- What search terms cost of the cost in `site_spend`, derived with it and published with its slices.
-- The rest of a keyword's cost is no row: it is what site_spend has above these.
CREATE TABLE IF NOT EXISTS term_spend {on_cluster}
(
    site           LowCardinality(String),
    day            Date,
    build          UInt64,
    keyword_key    UInt64,
    platform       LowCardinality(String),
    device         LowCardinality(String),
    term           String CODEC(ZSTD(3)),         -- in the normal form of names
    impressions    UInt64,
    clicks         UInt64,
    cost           Decimal(18, 6),
    cost_site      Nullable(Decimal(18, 6)),
    adjusted_site  Nullable(Decimal(18, 6)),
    platform_conversions Nullable(Decimal(18, 6)),
    platform_value       Nullable(Decimal(18, 6)),
    platform_value_site  Nullable(Decimal(18, 6))
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, build, keyword_key);
