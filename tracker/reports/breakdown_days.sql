-- Question: how many visits came, by day, platform and channel?
-- Grain: one row per chosen dimensions and one of totals, `most` in all.
-- Parameters: site String; asof UInt64 (the builds that count); first, last Date; most UInt64
-- The marks are filled from the registries of dimensions and measures (statement.py).
SELECT /* rows */
FROM
(
    SELECT /* inner */
    FROM daily AS x
    WHERE x.kind = 'visits' AND x.site = {site:String} AND x.day BETWEEN {first:Date} AND {last:Date}
        AND (x.day, x.bucket, x.build) IN
            (SELECT day, bucket, max(build) FROM slices
            WHERE site = {site:String} AND kind = 'visits'
                AND day BETWEEN {first:Date} AND {last:Date} AND build <= {asof:UInt64}
            GROUP BY day, bucket)
        AND /* filter */
    /* inner grouping */
) AS f
/* joins */
/* grouping */
LIMIT {most:UInt64}
