-- Question: on which day was the site's first visit?
-- Grain: one row, or none without any visit. Parameters: site String; asof UInt64
SELECT day FROM visits
WHERE site = {site:String} AND (day, bucket, build) IN
    (SELECT day, bucket, max(build) FROM slices
    WHERE site = {site:String} AND kind = 'visits' AND build <= {asof:UInt64}
    GROUP BY day, bucket)
ORDER BY site, day
LIMIT 1
