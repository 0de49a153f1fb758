-- The key of an event's source (see visits/sources.sql), kept with it: reconciling reads one number
-- where it read the fifteen columns that say what the source is. Older parts have it computed.
ALTER TABLE events {on_cluster} ADD COLUMN IF NOT EXISTS source_key UInt64 MATERIALIZED
    cityHash64(channel, platform, paid, source, medium, campaign, ad_group, keyword, match_type, creative,
        campaign_id, ad_group_id, keyword_id, creative_id, unexpanded)
    CODEC(ZSTD(1));
