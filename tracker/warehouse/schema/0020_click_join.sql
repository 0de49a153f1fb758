-- Click ids that lead to keywords, and visits that came by somebody else's.

-- Reached by a link with the tags of a search ad, from a place where that network sells no ads.
ALTER TABLE events {on_cluster} ADD COLUMN IF NOT EXISTS shared Bool CODEC(ZSTD(1));

-- Who brought which click id, and when first and last: filled from events at each rebuild. A row
-- is a function of facts and merges by minimum and maximum, so this table needs no build.
CREATE TABLE IF NOT EXISTS clicks {on_cluster}
(
    site      LowCardinality(String),
    click_id  String CODEC(ZSTD(1)),
    visitor   UInt64,
    first     SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last      SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY (site, click_id, visitor);

-- What a build knows of the click ids that it meets: whose they are, and what the platform says of
-- them. Working rows of that build alone.
CREATE TABLE IF NOT EXISTS clicked {on_cluster}
(
    site             LowCardinality(String),
    build            UInt64,
    click_id         String CODEC(ZSTD(1)),
    owner            UInt64,                      -- the visitor who brought it first
    first_day        Date,                        -- UTC, of the first that is known of it
    again            Bool,                        -- came again later, or by somebody else
    looked           Bool,                        -- a look-up is known, with what follows
    platform         LowCardinality(String),
    click_day        Date,                        -- in the zone of the account
    campaign_id      String,
    ad_group_id      String,
    keyword_id       String,
    match_type       String,
    keyword          String
)
ENGINE = {engine:MergeTree}
ORDER BY (site, build, click_id);

-- The source as the visit's own address had it; `source_key` adds what the click id says.
-- `shared` says why the visit is no click of its own: visitor, age, referrer, or empty.
ALTER TABLE hits {on_cluster} ADD COLUMN IF NOT EXISTS tag_key UInt64 AFTER source_key;
ALTER TABLE hits {on_cluster} ADD COLUMN IF NOT EXISTS shared LowCardinality(String) AFTER tag_key;
ALTER TABLE visits {on_cluster} ADD COLUMN IF NOT EXISTS shared Bool AFTER paid;

-- As before, but a click arrives with the visitor whose click it is.
ALTER TABLE visits {on_cluster} MODIFY COLUMN arrival UInt64 MATERIALIZED
    if(touch AND paid AND NOT shared, if(click_id != '', cityHash64(click_id),
        cityHash64(visitor, intDiv(toUnixTimestamp64Milli(start), 1800000))), 0);

-- What a click look-up says of the visits of a source, and why they are no clicks of their own.
ALTER TABLE sources {on_cluster}
    ADD COLUMN IF NOT EXISTS looked Bool,                                -- a look-up is known
    ADD COLUMN IF NOT EXISTS look_campaign_id String,
    ADD COLUMN IF NOT EXISTS look_ad_group_id String,
    ADD COLUMN IF NOT EXISTS look_keyword_id String,
    ADD COLUMN IF NOT EXISTS look_match_type LowCardinality(String),
    ADD COLUMN IF NOT EXISTS look_keyword String,
    ADD COLUMN IF NOT EXISTS look_keyword_norm String,
    ADD COLUMN IF NOT EXISTS shared LowCardinality(String);              -- as in hits
