-- Question: what was spent, by day and platform?
-- Grain: one row per chosen dimensions and one of totals, `most` in all.
-- Parameters: site String; asof UInt64 (the builds that count); first, last Date; most UInt64
-- The marks are filled from the registries of dimensions and measures (statement.py).
SELECT /* rows */
FROM
(
    SELECT /* inner */
    FROM daily AS x
    WHERE x.kind = 'spend' AND x.site = {site:String} AND x.day >= {first:Date} AND x.last_day <= {last:Date}
        AND (x.day, x.build) IN
            (SELECT day, max(build) FROM slices
            WHERE site = {site:String} AND kind = 'spend'
                AND day BETWEEN {first:Date} AND {last:Date} AND build <= {asof:UInt64}
            GROUP BY day)
        AND /* filter */
    /* inner grouping */
) AS f
/* joins */
/* grouping */
LIMIT {most:UInt64}
