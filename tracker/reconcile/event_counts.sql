-- Question: how many events would a rebuild of these sites and days read?
-- Grain: one row per (site, UTC date). Parameters: sites Array(String); dates Array(Date): UTC dates in
-- which the days may lie, as those of some sites may be far from others'
-- NOTE: the date of a partition is known without reading the time of its events.
SELECT site, _partition_value.1 AS day, count() AS events
FROM events
WHERE site IN {sites:Array(String)} AND _partition_value.1 IN {dates:Array(Date)}
GROUP BY site, day
