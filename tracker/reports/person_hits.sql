-- Question: what did these visitors do?
-- Grain: one row per event, the newest first. Parameters: site String; visitors Array(UInt64);
--   most UInt64
SELECT visit_id AS visit, time, toString(name) AS name, path, title, value,
    toString(currency) AS currency, props
FROM hits
WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}
    AND (day, bucket, build) IN (SELECT day, bucket, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'visits' GROUP BY day, bucket)
ORDER BY time DESC, event_id
LIMIT {most:UInt64}
