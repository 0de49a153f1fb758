-- `events` of an installation that begins with this: as 0001 makes it, in blocks of 1,024 rows instead of
-- 8,192. A bucket of a large site's visitors is a range of the sorting key, and late in a day it is read
-- without three quarters of the day. An installation that has `events` keeps its blocks, as the engine
-- cannot change them: it is correct, and its late hours cost more (bench/README.md).
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
SETTINGS {fsync}, non_replicated_deduplication_window = 10000,
    index_granularity = 1024;
