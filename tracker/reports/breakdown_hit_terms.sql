-- Question: by which search terms did visits come?
-- Grain: one row per visit that tells its search term.
-- Parameters: site String; visit_builds, older_visits: the builds that count
--   (published.py); first, last Date
-- Of the hits of a visit only its entrance tells the term.
SELECT visit_id, search_term
FROM visits AS w
WHERE w.site = {site:String} AND w.day BETWEEN {first:Date} AND {last:Date}
    AND w.build IN {visit_builds:Array(UInt64)}
    AND (w.day, w.bucket, w.build) NOT IN {older_visits:Array(Tuple(Date, UInt16, UInt64))}
    AND w.search_term != ''
