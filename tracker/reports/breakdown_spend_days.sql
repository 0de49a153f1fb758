-- Question: what was spent, by day and platform?
-- Grain: one row per chosen dimensions and one of totals, `most` in all.
-- Parameters: site String; spend_builds, older_spend: the builds that count
--   (published.py); first, last Date; most UInt64
-- The marks are filled from the registries of dimensions and measures (statement.py).
SELECT /* rows */
FROM
(
    SELECT /* inner */
    FROM daily AS x
    WHERE x.kind = 'spend' AND x.site = {site:String} AND x.day >= {first:Date} AND x.last_day <= {last:Date}
        AND x.build IN {spend_builds:Array(UInt64)}
        AND (x.day, x.bucket, x.build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
        AND /* filter */
    /* inner grouping */
) AS f
/* joins */
/* grouping */
LIMIT {most:UInt64}
