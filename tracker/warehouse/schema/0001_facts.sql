-- Facts: appended, never edited. Only erasure and retention delete from them.
-- Placeholders of the closed list (engine, on_cluster, fsync) are expanded by the form of the warehouse.

-- One line per received event, duplicates included. A day's events of a site lie together, and
-- within it a visitor's, in time order: the order in which sessionising reads them.
CREATE TABLE IF NOT EXISTS events {on_cluster}
(
    site             LowCardinality(String),
    time             DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),   -- when it occurred, by our clock
    received         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id         UUID CODEC(NONE),
    attempt          UInt8 DEFAULT 1,
    origin           LowCardinality(String),      -- beacon, import, api, pixel …
    name             LowCardinality(String),      -- pageview, identify, or the custom name
    visitor          UInt64 CODEC(ZSTD(1)),
    memory           LowCardinality(String),      -- stored, daily (keyed hash of a day), none
    host             LowCardinality(String),
    path             String CODEC(ZSTD(3)),
    query            String CODEC(ZSTD(3)),       -- without the click id, which has its own column
    referrer         String CODEC(ZSTD(3)),
    title            String CODEC(ZSTD(3)),
    value            Nullable(Decimal(18, 6)),
    currency         LowCardinality(String),
    props            Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    code             LowCardinality(String),      -- visit code such as K3F7
    screen           LowCardinality(String),      -- 1920x1080
    viewport         LowCardinality(String),
    language         LowCardinality(String),
    country          LowCardinality(String),      -- ISO 3166 alpha-2, empty if unknown
    region           LowCardinality(String),
    city             LowCardinality(String),
    network          LowCardinality(String),      -- owner of the address block
    ip               String CODEC(ZSTD(1)),       -- truncated unless the site keeps full ones
    browser          LowCardinality(String),
    browser_version  LowCardinality(String),
    os               LowCardinality(String),
    os_version       LowCardinality(String),
    device           LowCardinality(String),      -- desktop, mobile, tablet, bot, other
    user_agent       String CODEC(ZSTD(3)),
    flags            LowCardinality(String),      -- suspicions kept with the event, comma separated
    -- the outcome of source classification of (URL, referrer, site)
    rules_version    UInt16,
    entrance         Bool,                        -- tags, a click id or an external search referrer
    returning        Bool,                        -- comes back from a payment or log-in provider
    paid             Bool,
    channel          LowCardinality(String),      -- GA4 default channel group
    platform         LowCardinality(String),      -- google, baidu, microsoft …; empty if none
    source           LowCardinality(String),
    medium           LowCardinality(String),
    campaign         LowCardinality(String),
    ad_group         LowCardinality(String),
    keyword          LowCardinality(String),
    match_type       LowCardinality(String),
    creative         LowCardinality(String),
    campaign_id      LowCardinality(String),
    ad_group_id      LowCardinality(String),
    keyword_id       LowCardinality(String),
    creative_id      LowCardinality(String),
    unexpanded       Bool,                        -- a macro such as {keywordid} arrived as it stands
    search_term      String CODEC(ZSTD(3)),
    click_id_kind    LowCardinality(String),      -- gclid, msclkid, bd_vid …
    click_id         String CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(time)
ORDER BY (site, visitor, time)
SETTINGS {fsync}, non_replicated_deduplication_window = 10000;

-- Contact keys a visitor gave: one line per identify call and key. Hashes only.
CREATE TABLE IF NOT EXISTS identities {on_cluster}
(
    site      LowCardinality(String),
    kind      LowCardinality(String),             -- email, phone, user
    hash      FixedString(64),                    -- SHA-256, lower-case hex
    visitor   UInt64,
    time      DateTime64(3, 'UTC')
)
ENGINE = {engine:MergeTree}
ORDER BY (site, hash, time)
SETTINGS {fsync}, non_replicated_deduplication_window = 10000;

-- Platform cost rows, one line per row of a pull or file.
CREATE TABLE IF NOT EXISTS spend {on_cluster}
(
    tenant         LowCardinality(String),
    platform       LowCardinality(String),
    account        LowCardinality(String),
    day            Date,
    last_day       Date,                          -- = day, later only for a period total
    scope          LowCardinality(String),        -- empty = everything of the account and day
    pull           UInt64,
    kind           LowCardinality(String),        -- keyword, unallocated
    reason         LowCardinality(String),
    campaign_id    LowCardinality(String),
    campaign       LowCardinality(String),
    ad_group_id    LowCardinality(String),
    ad_group       LowCardinality(String),
    keyword_id     LowCardinality(String),
    keyword        LowCardinality(String),
    match_type     LowCardinality(String),
    device         LowCardinality(String),
    network        LowCardinality(String),
    impressions    UInt64,
    clicks         UInt64,
    cost           Decimal(18, 6),
    currency       LowCardinality(String),
    platform_conversions Nullable(Decimal(18, 6)),
    platform_value       Nullable(Decimal(18, 6))
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, platform, account, day, scope, pull)
SETTINGS {fsync}, non_replicated_deduplication_window = 10000;

-- Which pull stands for (account, day, scope): the row with the highest version; pull 0 = none.
CREATE TABLE IF NOT EXISTS spend_slices {on_cluster}
(
    tenant      LowCardinality(String),
    platform    LowCardinality(String),
    account     LowCardinality(String),
    day         Date,
    last_day    Date,
    scope       LowCardinality(String),
    pull        UInt64,
    version     UInt64,
    origin      LowCardinality(String),           -- file, api, push …
    file        String,
    imported    DateTime64(3, 'UTC')
)
ENGINE = {engine:MergeTree}
ORDER BY (tenant, platform, account, day, scope, version)
SETTINGS {fsync};

-- Conversions that happened away from the web site. The highest version of an id stands.
CREATE TABLE IF NOT EXISTS offline_conversions {on_cluster}
(
    site          LowCardinality(String),
    external_id   String,
    version       UInt64,
    stage         LowCardinality(String),
    time          DateTime64(3, 'UTC'),
    value         Nullable(Decimal(18, 6)),
    currency      LowCardinality(String),
    lead          String,                         -- stages of one lead share it
    visitor       UInt64,                         -- 0 = not given
    click_id      String,
    code          LowCardinality(String),
    email_hash    String,
    phone_hash    String,
    landing_url   String,
    -- classification of landing_url, or the ids given: the platform-supplied touch
    channel       LowCardinality(String),
    platform      LowCardinality(String),
    source        LowCardinality(String),
    medium        LowCardinality(String),
    campaign      LowCardinality(String),
    ad_group      LowCardinality(String),
    keyword       LowCardinality(String),
    match_type    LowCardinality(String),
    campaign_id   LowCardinality(String),
    ad_group_id   LowCardinality(String),
    keyword_id    LowCardinality(String),
    removed       Bool
)
ENGINE = {engine:MergeTree}
ORDER BY (site, external_id, version)
SETTINGS {fsync};

-- Exchange rates: one unit of base is worth `rate` units of quote on that day.
CREATE TABLE IF NOT EXISTS rates {on_cluster}
(
    tenant    LowCardinality(String),
    day       Date,
    base      LowCardinality(String),
    quote     LowCardinality(String),
    rate      Decimal(18, 9),
    version   UInt64
)
ENGINE = {engine:ReplacingMergeTree(version)}
ORDER BY (tenant, day, base, quote)
SETTINGS {fsync};

-- Bots and junk, kept apart so that a wrongly dropped customer can be found.
CREATE TABLE IF NOT EXISTS rejected_events {on_cluster}
(
    site        LowCardinality(String),
    received    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    reason      LowCardinality(String),
    name        LowCardinality(String),
    url         String CODEC(ZSTD(3)),
    referrer    String CODEC(ZSTD(3)),
    ip          String CODEC(ZSTD(1)),
    user_agent  String CODEC(ZSTD(3)),
    visitor     UInt64
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(received)
ORDER BY (site, received)
TTL toDateTime(received) + INTERVAL 30 DAY
SETTINGS {fsync}, non_replicated_deduplication_window = 10000;
