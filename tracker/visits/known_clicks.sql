-- Question: how many does `clicks` have that were first brought on these days?
-- Grain: one row; those that are not merged yet count twice.
-- Parameters: sites Array(String), since DateTime64(3), until DateTime64(3)
SELECT count() FROM clicks
WHERE site IN {sites:Array(String)}
    AND first >= {since:DateTime64(3, 'UTC')} AND first < {until:DateTime64(3, 'UTC')}
