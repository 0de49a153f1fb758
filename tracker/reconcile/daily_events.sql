-- Question: how many events had each site on its busiest day of this time?
-- Grain: one row per site with more than `least`. Covers every site: it is housekeeping.
-- Parameters: since, until DateTime64(3); least UInt64
SELECT site, max(events) AS events FROM
(
    SELECT site, toDate(time) AS day, count() AS events FROM events
    WHERE time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
    GROUP BY site, day
)
GROUP BY site
HAVING events > {least:UInt64}
ORDER BY site
