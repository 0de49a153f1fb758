-- For how long an offline conversion is tried, and what a click look-up says of one.

-- When this version of the conversion was entered. Of older rows only their own time is known.
ALTER TABLE offline_conversions {on_cluster} ADD COLUMN IF NOT EXISTS received DateTime64(3, 'UTC') DEFAULT time;

-- Until when what is learned can still give the conversion to somebody. Rows made before this
-- are tried without end, until `tracker rebuild`.
ALTER TABLE conversions {on_cluster} ADD COLUMN IF NOT EXISTS
    tried_until DateTime64(3, 'UTC') DEFAULT toDateTime64('2100-01-01', 3, 'UTC');
