-- Question: of whose visit was a code when a server's event named it?
-- Grain: one row per item of `asked` whose code was seen: its number and the visitor of the latest
-- event that brought the code, at that time or before. An event of a server whose code was nobody's
-- does not say whose it is.
-- Parameters: site String; asked tuples (number, code, latest time in ms); codes Array(String): theirs;
--   since, until DateTime64: between them an event that brought a code may lie
SELECT w.number AS number, argMax(e.visitor, (e.time, e.event_id)) AS visitor
FROM events AS e
INNER JOIN
(
    SELECT a.1 AS number, a.2 AS code, a.3 AS latest
    FROM (SELECT arrayJoin({asked:Array(Tuple(UInt32, String, Int64))}) AS a)
) AS w ON e.code = w.code
WHERE e.site = {site:String} AND e.time BETWEEN {since:DateTime64(3, 'UTC')} AND {until:DateTime64(3, 'UTC')}
    AND e.code IN {codes:Array(String)} AND e.memory = 'stored'
    AND toUnixTimestamp64Milli(e.time) <= w.latest
GROUP BY number
