-- Question: which is the highest number of each counter that what is published bears?
-- Grain: one row a counter. Covers every site: it is housekeeping. Parameters: none
SELECT 'build' AS counter,
    greatest((SELECT max(build) FROM slices), (SELECT max(version) FROM person_members)) AS highest
UNION ALL
SELECT 'pull',
    greatest(
        (SELECT max(version) FROM spend_slices),
        (SELECT max(version) FROM fact_slices),
        (SELECT max(pull) FROM click_lookups),
        (SELECT max(pull) FROM invalid_clicks)
    )
UNION ALL
SELECT 'offline', (SELECT max(version) FROM offline_conversions)
UNION ALL
SELECT 'rates', (SELECT max(version) FROM rates)
UNION ALL
SELECT 'person_links', (SELECT max(version) FROM person_links)
