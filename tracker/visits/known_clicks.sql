-- Question: has `clicks` any that were first brought on these days?
-- Grain: one row if so. Parameters: sites Array(String), since DateTime64(3), until DateTime64(3)
SELECT 1 FROM clicks
WHERE site IN {sites:Array(String)}
    AND first >= {since:DateTime64(3, 'UTC')} AND first < {until:DateTime64(3, 'UTC')}
LIMIT 1
