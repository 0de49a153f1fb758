-- Question: has any event of these days a click id, or come by a shared link?
-- Grain: one row if so. Parameters: sites Array(String), since DateTime64(3), until DateTime64(3)
SELECT 1 FROM events
WHERE site IN {sites:Array(String)} AND (click_id != '' OR shared)
    AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
LIMIT 1
