-- Derived tables: each row belongs to a build of a slice and can be thrown away and made again
-- from facts. A row counts when `slices` publishes its build for its slice.

-- The publication. Kinds: visits (site, day, bucket), credits (site, day), spend (site, day),
-- keywords (site), resolution (site). The highest build of a slice stands. Several slices published by one insert
-- appear to readers at once.
CREATE TABLE IF NOT EXISTS slices {on_cluster}
(
    kind      LowCardinality(String),
    site      LowCardinality(String),
    day       Date,
    bucket    UInt16,
    build     UInt64,
    published DateTime64(3, 'UTC')
)
ENGINE = {engine:MergeTree}
ORDER BY (site, kind, day, bucket, build);

-- Events without duplicates, each with its visit and the visit's source.
CREATE TABLE IF NOT EXISTS hits {on_cluster}
(
    site          LowCardinality(String),
    day           Date,
    bucket        UInt16,
    build         UInt64,
    visitor       UInt64,
    visit_id      UInt64,                         -- hash of the visit's first event id
    time          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id      UUID CODEC(NONE),
    touch         Bool,                           -- false: the visit continues one across midnight
    source_key    UInt64,                         -- of the visit, as the four that follow
    channel       LowCardinality(String),
    platform      LowCardinality(String),
    paid          Bool,
    visit_click_id String CODEC(ZSTD(1)),
    name          LowCardinality(String),
    host          LowCardinality(String),
    path          String CODEC(ZSTD(1)),
    title         String CODEC(ZSTD(1)),
    referrer      LowCardinality(String),         -- host only
    value         Nullable(Decimal(18, 6)),
    currency      LowCardinality(String),
    props         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    code          LowCardinality(String),
    search_term   String CODEC(ZSTD(1)),
    click_id_kind LowCardinality(String),
    click_id      String CODEC(ZSTD(1)),
    memory        LowCardinality(String),
    country       LowCardinality(String),
    region        LowCardinality(String),
    city          LowCardinality(String),
    network       LowCardinality(String),
    browser       LowCardinality(String),
    os            LowCardinality(String),
    device        LowCardinality(String),
    language      LowCardinality(String),
    screen        LowCardinality(String),
    flags         LowCardinality(String)
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, bucket, build, visitor, time);

CREATE TABLE IF NOT EXISTS visits {on_cluster}
(
    site          LowCardinality(String),
    day           Date,
    bucket        UInt16,
    build         UInt64,
    visitor       UInt64,
    visit_id      UInt64,
    start         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    finish        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    touch         Bool,                           -- false: continues a visit across midnight
    pageviews     UInt32,
    events        UInt32,
    memory        LowCardinality(String),
    code          LowCardinality(String),
    source_key    UInt64,
    channel       LowCardinality(String),
    platform      LowCardinality(String),
    paid          Bool,
    search_term   String CODEC(ZSTD(1)),
    click_id_kind LowCardinality(String),
    click_id      String CODEC(ZSTD(1)),
    referrer      LowCardinality(String),         -- host only
    entry_host    LowCardinality(String),
    entry_path    String CODEC(ZSTD(1)),
    exit_path     String CODEC(ZSTD(1)),
    country       LowCardinality(String),
    region        LowCardinality(String),
    city          LowCardinality(String),
    network       LowCardinality(String),
    browser       LowCardinality(String),
    os            LowCardinality(String),
    device        LowCardinality(String),
    language      LowCardinality(String),
    screen        LowCardinality(String),
    flags         LowCardinality(String)
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, bucket, build, visitor, start);

-- Every source tuple seen, by the hash of its content: the same key always has the same row,
-- so this table needs no build and duplicates in it are harmless.
CREATE TABLE IF NOT EXISTS sources {on_cluster}
(
    site             LowCardinality(String),
    source_key       UInt64,
    channel          LowCardinality(String),
    platform         LowCardinality(String),
    paid             Bool,
    source           String,
    medium           String,
    campaign         String,
    ad_group         String,
    keyword          String,
    match_type       LowCardinality(String),
    creative         String,
    campaign_id      String,
    ad_group_id      String,
    keyword_id       String,
    creative_id      String,
    unexpanded       Bool,
    campaign_norm    String,
    ad_group_norm    String,
    keyword_norm     String
)
ENGINE = {engine:ReplacingMergeTree}
ORDER BY (site, source_key);

CREATE TABLE IF NOT EXISTS conversions {on_cluster}
(
    site           LowCardinality(String),
    day            Date,
    build          UInt64,
    conversion_id  UInt64,
    goal           LowCardinality(String),        -- goal id, or stage:<name> for an offline stage
    origin         LowCardinality(String),        -- goal, offline
    external_id    String,
    lead           String,
    time           DateTime64(3, 'UTC'),
    path_time      DateTime64(3, 'UTC'),          -- the lead's first stage: where its path ends
    visitor        UInt64,
    person         UInt64,
    visit_id       UInt64,
    matched        LowCardinality(String),        -- visit, visitor, click_id, code, email, phone, platform, none
    value          Nullable(Decimal(18, 6)),      -- as given
    currency       LowCardinality(String),
    value_site     Nullable(Decimal(18, 6)),      -- in the site's currency by the day's rate
    rate_missing   Bool,
    supplied_key   UInt64                         -- source that the conversion itself brought, or 0
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, build, conversion_id);

-- One row per conversion, model and touch with a weight (and one without a touch for an empty
-- path). Weights are integers of 1e-9, amounts integers of 1e-6 of the site's currency; both sum
-- exactly over a conversion and model.
CREATE TABLE IF NOT EXISTS credits {on_cluster}
(
    site           LowCardinality(String),
    model          LowCardinality(String),
    day            Date,                          -- of the conversion
    build          UInt64,
    conversion_id  UInt64,
    goal           LowCardinality(String),
    touch_day      Date,                          -- of the touch; of the conversion if none
    touch_time     DateTime64(3, 'UTC'),
    visit_id       UInt64,
    source_key     UInt64,                        -- 0 = no touch
    position       UInt16,                        -- 1 .. length; 0 = no touch
    length         UInt16,
    lag            Int64,                         -- ms from the touch to the end of the path
    weight         UInt32,
    amount         Int64,
    has_value      Bool,
    rate_missing   Bool                           -- amount is 0 and stands for an unknown one
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, model, day, build, conversion_id, position);

-- Spend of the accounts and campaigns that belong to a site, in its own currency too.
CREATE TABLE IF NOT EXISTS site_spend {on_cluster}
(
    site          LowCardinality(String),
    day           Date,
    last_day      Date,
    build         UInt64,
    keyword_key   UInt64,
    platform      LowCardinality(String),
    account       LowCardinality(String),
    device        LowCardinality(String),
    network       LowCardinality(String),
    impressions   UInt64,
    clicks        UInt64,
    cost          Decimal(18, 6),
    currency      LowCardinality(String),
    cost_site     Nullable(Decimal(18, 6)),
    platform_conversions Nullable(Decimal(18, 6)),
    platform_value       Nullable(Decimal(18, 6))
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, build, keyword_key);

-- Keywords the site's spend knows. keyword_key identifies a spend row's keyword; a keyword first
-- seen without ids has the canonical key of the one with ids when there is just one such.
CREATE TABLE IF NOT EXISTS keywords {on_cluster}
(
    site           LowCardinality(String),
    build          UInt64,
    keyword_key    UInt64,
    canonical_key  UInt64,
    kind           LowCardinality(String),        -- keyword, unallocated
    reason         LowCardinality(String),
    platform       LowCardinality(String),
    account        String,
    campaign_id    String,
    campaign       String,
    ad_group_id    String,
    ad_group       String,
    keyword_id     String,
    keyword        String,
    match_type     LowCardinality(String),
    campaign_norm  String,
    ad_group_norm  String,
    keyword_norm   String,
    first_day      Date,
    last_day       Date
)
ENGINE = {engine:MergeTree}
ORDER BY (site, build, keyword_key);

-- To which keyword each source tuple belongs; 0 with a reason where it cannot be told.
CREATE TABLE IF NOT EXISTS resolution {on_cluster}
(
    site           LowCardinality(String),
    build          UInt64,
    source_key     UInt64,
    keyword_key    UInt64,                        -- canonical, 0 = unattributed
    reason         LowCardinality(String),        -- not_paid, ambiguous, unknown_keyword ..., or empty
    method         LowCardinality(String),        -- id, tags, or empty
    platform       LowCardinality(String),
    paid           Bool
)
ENGINE = {engine:MergeTree}
ORDER BY (site, build, source_key);
