-- Question: which names do the events of these sites and days have?
-- Grain: one row per name.
-- Parameters: sites Array(String), since DateTime64(3), until DateTime64(3)
SELECT DISTINCT name FROM events
WHERE site IN {sites:Array(String)}
    AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
