-- Question: how much of the period's cost is of keywords that visits were found for?
-- Grain: one row per (method of the keyword's visits, empty for none; reason of cost without a
--   keyword). A keyword with visits by id and by tags counts as found by id. Amounts of 1e-6.
-- Parameters: site String; asof UInt64; first, last Date
WITH
    known AS
    (
        SELECT keyword_key, canonical_key, reason FROM keywords
        WHERE site = {site:String} AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'keywords' AND build <= {asof:UInt64})
    ),
    found AS
    (
        SELECT keyword_key, argMin(toString(r.method), indexOf(['id', 'click', 'tags'], r.method)) AS method
        FROM resolution AS r
        WHERE site = {site:String} AND keyword_key != 0 AND r.method != '' AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'resolution' AND build <= {asof:UInt64})
            AND source_key IN
                (SELECT source_key FROM visits
                WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}
                    AND (day, bucket, build) IN
                        (SELECT day, bucket, max(build) FROM slices
                        WHERE site = {site:String} AND kind = 'visits' AND build <= {asof:UInt64}
                        GROUP BY day, bucket))
        GROUP BY keyword_key
    )
SELECT f.method AS method, toString(k.reason) AS reason,
    sum(toInt64(ifNull(toDecimal128(s.cost_site, 6) * 1000000, 0))) AS cost,
    countIf(s.cost_site IS NULL) AS unpriced
FROM site_spend AS s
INNER JOIN known AS k ON s.keyword_key = k.keyword_key
LEFT JOIN found AS f ON k.canonical_key = f.keyword_key
WHERE s.site = {site:String} AND s.day >= {first:Date} AND s.last_day <= {last:Date}
    AND (s.day, s.build) IN
        (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'spend' AND build <= {asof:UInt64} GROUP BY day)
GROUP BY method, reason
ORDER BY cost DESC, method, reason
