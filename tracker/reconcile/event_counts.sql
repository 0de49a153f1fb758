-- Question: how many events would a rebuild of these sites and days read?
-- Grain: one row per (site, UTC date). Parameters: sites Array(String), since, until DateTime64(3);
-- dates Array(Date): UTC dates in which the days may lie, as those of some sites may be far from others'
SELECT site, toDate(time) AS day, count() AS events
FROM events
WHERE site IN {sites:Array(String)}
    AND toDate(time) IN {dates:Array(Date)}
    AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
GROUP BY site, day
