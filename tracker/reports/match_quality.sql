-- Question: how did paid visits of the period find their keyword, and why did others not?
-- Grain: one row per (platform, method or reason).
-- Parameters: site String; asof UInt64; first, last Date
WITH
    live AS
    (
        SELECT s.day AS day, s.bucket AS bucket, max(s.build) AS build FROM slices AS s
        WHERE s.site = {site:String} AND s.kind = 'visits' AND s.build <= {asof:UInt64}
            AND s.day BETWEEN {first:Date} AND {last:Date}
        GROUP BY day, bucket
    ),
    paid_visits AS
    (
        SELECT source_key, count() AS visits FROM visits
        WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date} AND paid
            AND touch AND (day, bucket, build) IN (SELECT day, bucket, build FROM live)
        GROUP BY source_key
    ),
    resolved AS
    (
        SELECT source_key, platform, method, reason FROM resolution
        WHERE site = {site:String} AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'resolution' AND build <= {asof:UInt64})
    )
SELECT toString(r.platform) AS platform, toString(r.method) AS method,
    toString(r.reason) AS reason, sum(v.visits) AS visits
FROM paid_visits AS v
INNER JOIN resolved AS r ON v.source_key = r.source_key
GROUP BY platform, method, reason
ORDER BY visits DESC, platform, method, reason
