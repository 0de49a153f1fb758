-- Later outcomes of the classification of an event: another row of it, equal but for the columns of
-- classification and the addresses. Of the rows of one copy of an event the highest revision counts.
ALTER TABLE events {on_cluster} ADD COLUMN IF NOT EXISTS revision UInt16 CODEC(ZSTD(1));
