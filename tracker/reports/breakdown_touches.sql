-- Question: what were the visits of these touches?
-- Grain: one row per visit that could have a touch of the period. Parameters: site String; asof
--   UInt64 (the builds that count); first, last Date
SELECT visit_id, entry_path, search_term, country, region, city, device, browser, os, language
FROM visits
WHERE site = {site:String} AND day BETWEEN {first:Date} - 366 AND {last:Date}
    AND visit_id IN (SELECT visit_id FROM credits WHERE site = {site:String})
    AND (day, bucket, build) IN
        (SELECT day, bucket, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'visits' AND build <= {asof:UInt64}
        GROUP BY day, bucket)
