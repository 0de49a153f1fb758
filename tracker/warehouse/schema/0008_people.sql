-- People and the sales pipeline: decisions about who is who, and what an offline conversion may
-- bring beside what it had at first.

-- Decisions of people about identity, appended: `other` is a visitor (16 hex digits) or a contact
-- hash (64). The highest version of a pair stands: joined, or kept apart whatever else says.
CREATE TABLE IF NOT EXISTS person_links {on_cluster}
(
    site      LowCardinality(String),
    visitor   UInt64,
    other     String,
    joined    Bool,
    version   UInt64,
    time      DateTime64(3, 'UTC'),
    author    LowCardinality(String)
)
ENGINE = {engine:MergeTree}
ORDER BY (site, visitor, other, version)
SETTINGS {fsync};

-- Derived: to which person each visitor with a contact or a decision belongs. A person is named
-- by its smallest visitor number. One row per visitor and what joins it (`node`: a contact hash,
-- or OTHER#VERSION of a decision); the highest version of a visitor stands. A visitor without a
-- row is a person of his own.
CREATE TABLE IF NOT EXISTS person_members {on_cluster}
(
    site      LowCardinality(String),
    visitor   UInt64,
    node      String,
    person    UInt64,
    joined    Bool,                               -- false: kept apart, or a contact too many share
    version   UInt64
)
ENGINE = {engine:ReplacingMergeTree(version)}
ORDER BY (site, visitor, node);

ALTER TABLE offline_conversions {on_cluster} ADD COLUMN IF NOT EXISTS user_hash String AFTER phone_hash;
ALTER TABLE offline_conversions {on_cluster} ADD COLUMN IF NOT EXISTS order_id String AFTER user_hash;
ALTER TABLE offline_conversions {on_cluster} ADD COLUMN IF NOT EXISTS reason String AFTER order_id;
