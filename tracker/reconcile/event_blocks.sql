-- Question: of which site is the first event of each block of rows of these UTC dates?
-- Grain: one row per part and block, in the order of the table, with its number of rows; a last one of
-- each part, without rows, names the site of its last event.
-- Parameters: dates Array(String): UTC dates as partitions are named, YYYYMMDD
-- NOTE: this reads the primary index, no events.
SELECT part_name, site, rows_in_granule
FROM mergeTreeIndex(currentDatabase(), 'events')
WHERE substring(part_name, 1, 8) IN {dates:Array(String)}
ORDER BY part_name, mark_number
