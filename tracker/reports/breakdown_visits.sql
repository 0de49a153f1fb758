-- Question: how many visits came, or what was looked at (`hits`), by attributes of the visit, and by
--   page and event?
-- Grain: one row per chosen dimensions and one of totals, `most` in all.
-- Parameters: site String; visit_builds, older_visits: the builds that count
--   (published.py); first, last Date; most UInt64
-- The marks are filled from the registries of dimensions and measures (statement.py).
SELECT /* rows */
FROM
(
    SELECT /* inner */
    FROM /* table */ AS x
    /* visits */
    WHERE x.site = {site:String} AND x.day BETWEEN {first:Date} AND {last:Date}
        AND x.build IN {visit_builds:Array(UInt64)}
        AND (x.day, x.bucket, x.build) NOT IN {older_visits:Array(Tuple(Date, UInt16, UInt64))}
        AND /* filter */
    /* inner grouping */
) AS f
/* joins */
/* grouping */
LIMIT {most:UInt64}
