-- Question: how many visits did each source bring, in the period and in the one before?
-- Grain: one row per source and whether it is `earlier` than `boundary`.
-- Parameters: site String; visit_builds, older_visits: the builds that count (published.py);
--   first, boundary, last Date
SELECT key, day < {boundary:Date} AS earlier, sum(d.visits) AS visits,
    sum(d.paid_visits) AS paid_visits, sum(d.arrived) AS arrived
FROM keyword_days AS d
WHERE site = {site:String} AND kind = 'visits' AND day BETWEEN {first:Date} AND {last:Date}
    AND build IN {visit_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_visits:Array(Tuple(Date, UInt16, UInt64))}
GROUP BY key, earlier
