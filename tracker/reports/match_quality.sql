-- Question: how did paid visits of the period find their keyword, and why did others not?
-- Grain: one row per (platform, method or reason). `shared` visits carry a click id that another
--   visitor had brought before, in the period or in the 90 days before it.
-- Parameters: site String; asof UInt64; first, last Date
WITH
    live AS
    (
        SELECT s.day AS day, s.bucket AS bucket, max(s.build) AS build FROM slices AS s
        WHERE s.site = {site:String} AND s.kind = 'visits' AND s.build <= {asof:UInt64}
            AND s.day BETWEEN {first:Date} - 90 AND {last:Date}
        GROUP BY day, bucket
    ),
    paid_visits AS
    (
        SELECT day, source_key, visitor, start, click_id FROM visits
        WHERE site = {site:String} AND day BETWEEN {first:Date} - 90 AND {last:Date} AND paid
            AND touch AND (day, bucket, build) IN (SELECT day, bucket, build FROM live)
    ),
    owners AS
    (
        SELECT click_id, argMin(visitor, (start, visitor)) AS owner FROM paid_visits
        WHERE click_id != '' GROUP BY click_id
    ),
    resolved AS
    (
        SELECT source_key, platform, method, reason FROM resolution
        WHERE site = {site:String} AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'resolution' AND build <= {asof:UInt64})
    )
SELECT toString(r.platform) AS platform, toString(r.method) AS method,
    toString(r.reason) AS reason, count() AS visits,
    countIf(v.click_id != '' AND o.owner != v.visitor) AS shared
FROM paid_visits AS v
LEFT JOIN owners AS o ON v.click_id = o.click_id
INNER JOIN resolved AS r ON v.source_key = r.source_key
WHERE v.day >= {first:Date}
GROUP BY platform, method, reason
ORDER BY visits DESC, platform, method, reason
