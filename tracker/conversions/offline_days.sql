-- Question: on which of these days may a stage of a lead lie, by any version of it?
-- Grain: one row per (site, day).
-- Parameters: sites Array(String); days tuples (site, day, begin, finish), bounds in UTC
SELECT DISTINCT o.site AS site, c.day AS day
FROM offline_conversions AS o
ASOF INNER JOIN
(
    SELECT d.1 AS site, d.2 AS day, d.3 AS begin, d.4 AS finish
    FROM (SELECT arrayJoin({days:Array(Tuple(String, Date, DateTime64(3, 'UTC'),
        DateTime64(3, 'UTC')))}) AS d)
) AS c ON o.site = c.site AND o.time >= c.begin
WHERE o.site IN {sites:Array(String)} AND o.time < c.finish
