-- Question: which visits has the person who converted, touches of the conversion or not?
-- Grain: one row per visit in order of time, of every visitor of the person; the last 500.
-- Parameters: site String; asof UInt64; visitor, person UInt64
SELECT visitor, visit_id, start, touch, source_key, entry_host, entry_path, referrer, device,
    pageviews
FROM visits
WHERE site = {site:String}
    AND (visitor = {visitor:UInt64} OR visitor IN
        (SELECT visitor FROM
            (SELECT visitor, argMax(person, version) AS person FROM person_members
            WHERE site = {site:String} GROUP BY visitor)
        WHERE person = {person:UInt64}))
    AND (day, bucket, build) IN
        (SELECT day, bucket, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'visits' AND build <= {asof:UInt64}
        GROUP BY day, bucket)
ORDER BY start DESC, visit_id DESC
LIMIT 500
