-- Clicks that a platform took back as invalid, and what it credited for them, as its own report has
-- them (360 无效点击报告). The row of the highest pull stands for its day.
CREATE TABLE IF NOT EXISTS invalid_clicks {on_cluster}
(
    tenant         LowCardinality(String),
    platform       LowCardinality(String),
    account        LowCardinality(String),
    day            Date,
    pull           UInt64,
    clicks         UInt64,
    amount         Nullable(Decimal(18, 6)),      -- null where the report has no amounts
    currency       LowCardinality(String)
)
ENGINE = {engine:ReplacingMergeTree(pull)}
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, platform, account, day)
SETTINGS {fsync};
