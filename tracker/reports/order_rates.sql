-- Question: which exchange rates do the orders of a site lack?
-- Grain: one row per currency: first and last day that lack it.
-- Parameters: site String; goals Array(String)
SELECT currency, min(day) AS first, max(day) AS last
FROM conversions
WHERE site = {site:String} AND origin = 'offline' AND goal IN {goals:Array(String)} AND rate_missing
    AND (day, build) IN (SELECT day, max(build) FROM slices
        WHERE kind = 'credits' AND site = {site:String} GROUP BY day)
GROUP BY currency
ORDER BY currency
