-- A smaller `events`: about 40 bytes an event of the demo world instead of 64 (bench/storage.py).
--
-- Times of one UTC day differ in their lowest 27 bits only, which T64 keeps and nothing else.
-- Strings that few values make up, though each is long, become dictionaries: a repeated address or
-- user agent then costs a fraction of a byte instead of the three that ZSTD spends on a match.
-- A part with more than 8,192 different ones begins another dictionary, so that many do no harm.
-- Dictionaries' indexes repeat with the visitor, and ZSTD makes of them less than half of what
-- LZ4, the default, leaves.
--
-- Codecs change with the next merge of a part; the types of the five strings at once.
ALTER TABLE events {on_cluster}
    MODIFY COLUMN time CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN received CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN path LowCardinality(String) CODEC(ZSTD(1)),
    MODIFY COLUMN query LowCardinality(String) CODEC(ZSTD(1)),
    MODIFY COLUMN referrer LowCardinality(String) CODEC(ZSTD(1)),
    MODIFY COLUMN title LowCardinality(String) CODEC(ZSTD(1)),
    MODIFY COLUMN user_agent LowCardinality(String) CODEC(ZSTD(1)),
    MODIFY COLUMN site CODEC(ZSTD(1)),
    MODIFY COLUMN attempt CODEC(ZSTD(1)),
    MODIFY COLUMN origin CODEC(ZSTD(1)),
    MODIFY COLUMN name CODEC(ZSTD(1)),
    MODIFY COLUMN memory CODEC(ZSTD(1)),
    MODIFY COLUMN host CODEC(ZSTD(1)),
    MODIFY COLUMN value CODEC(ZSTD(1)),
    MODIFY COLUMN currency CODEC(ZSTD(1)),
    MODIFY COLUMN code CODEC(ZSTD(1)),
    MODIFY COLUMN screen CODEC(ZSTD(1)),
    MODIFY COLUMN viewport CODEC(ZSTD(1)),
    MODIFY COLUMN language CODEC(ZSTD(1)),
    MODIFY COLUMN country CODEC(ZSTD(1)),
    MODIFY COLUMN region CODEC(ZSTD(1)),
    MODIFY COLUMN city CODEC(ZSTD(1)),
    MODIFY COLUMN network CODEC(ZSTD(1)),
    MODIFY COLUMN ip CODEC(ZSTD(3)),
    MODIFY COLUMN browser CODEC(ZSTD(1)),
    MODIFY COLUMN browser_version CODEC(ZSTD(1)),
    MODIFY COLUMN os CODEC(ZSTD(1)),
    MODIFY COLUMN os_version CODEC(ZSTD(1)),
    MODIFY COLUMN device CODEC(ZSTD(1)),
    MODIFY COLUMN flags CODEC(ZSTD(1)),
    MODIFY COLUMN rules_version CODEC(ZSTD(1)),
    MODIFY COLUMN entrance CODEC(ZSTD(1)),
    MODIFY COLUMN returning CODEC(ZSTD(1)),
    MODIFY COLUMN paid CODEC(ZSTD(1)),
    MODIFY COLUMN channel CODEC(ZSTD(1)),
    MODIFY COLUMN platform CODEC(ZSTD(1)),
    MODIFY COLUMN source CODEC(ZSTD(1)),
    MODIFY COLUMN medium CODEC(ZSTD(1)),
    MODIFY COLUMN campaign CODEC(ZSTD(1)),
    MODIFY COLUMN ad_group CODEC(ZSTD(1)),
    MODIFY COLUMN keyword CODEC(ZSTD(1)),
    MODIFY COLUMN match_type CODEC(ZSTD(1)),
    MODIFY COLUMN creative CODEC(ZSTD(1)),
    MODIFY COLUMN campaign_id CODEC(ZSTD(1)),
    MODIFY COLUMN ad_group_id CODEC(ZSTD(1)),
    MODIFY COLUMN keyword_id CODEC(ZSTD(1)),
    MODIFY COLUMN creative_id CODEC(ZSTD(1)),
    MODIFY COLUMN unexpanded CODEC(ZSTD(1)),
    MODIFY COLUMN click_id_kind CODEC(ZSTD(1)),
    MODIFY COLUMN click_id CODEC(ZSTD(3));
