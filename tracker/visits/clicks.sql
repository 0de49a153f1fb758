-- Question: which visitors brought which click ids on these days, and when?
-- Grain: one row per (site, click id, visitor), into `clicks`. Part `known`: unless the row is there
-- already; the table merges the few that come again otherwise.
-- NOTE: every copy and revision of an event counts, so that the rows follow from facts alone.
-- Parameters: sites Array(String), since DateTime64(3), until DateTime64(3); passes, pass UInt64 as
-- in hits.sql; dealt_sites, dealt_masks and part `dealt` as there
INSERT INTO clicks (site, click_id, visitor, first, last, how)
WITH brought AS
    (
        SELECT e.site AS site, e.click_id AS click_id, e.visitor AS visitor, min(e.time) AS first,
            max(e.time) AS last,
            toUInt8(max(multiIf(e.name = 'consent', 2, e.memory != 'stored', 1, 0))) AS how
        FROM events AS e
        WHERE site IN {sites:Array(String)} AND click_id != ''
            AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
            -- if dealt
            AND bitTest(transform(e.site, {dealt_sites:Array(String)},
                {dealt_masks:Array(UInt64)}, toUInt64(-1)), bitShiftRight(e.visitor, 58))
            -- end
            AND intHash64(e.visitor) % {passes:UInt64} = {pass:UInt64}
        GROUP BY site, click_id, visitor
    )
SELECT b.site, b.click_id, b.visitor, b.first, b.last, b.how FROM brought AS b
-- if known
LEFT JOIN
(
    SELECT c.site AS site, c.click_id AS click_id, c.visitor AS visitor, min(c.first) AS first,
        max(c.last) AS last, max(c.how) AS how
    FROM clicks AS c
    WHERE c.site IN {sites:Array(String)}
        AND (c.site, c.click_id) IN (SELECT site, click_id FROM brought)
        AND intHash64(c.visitor) % {passes:UInt64} = {pass:UInt64}
    GROUP BY site, click_id, visitor
) AS k ON b.site = k.site AND b.click_id = k.click_id AND b.visitor = k.visitor
WHERE k.visitor = 0 OR b.first < k.first OR b.last > k.last OR b.how > k.how
-- end
