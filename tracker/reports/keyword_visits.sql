-- Question: how many visits did each keyword bring, in the period and in the one before?
-- Grain: one row per keyword or reason. `before_` stands for the days before `boundary`.
-- Parameters: site String; visit_builds, older_visits and resolution: the builds that count
--   (published.py); first, boundary, last Date; platform String ('' = all); limited Bool with
--   kept Array(UInt64): only these keywords
-- Visits are added up by their source before anything is joined: that is most of the time.
SELECT r.keyword_key AS keyword_key, if(r.keyword_key = 0, toString(r.platform), '') AS platform_of,
    if(r.keyword_key = 0, toString(r.reason), '') AS reason_of,
    sumIf(v.visits, NOT v.earlier) AS visits, sumIf(v.visits, v.earlier) AS before_visits,
    sumIf(v.paid_visits, NOT v.earlier) AS paid_visits,
    sumIf(v.paid_visits, v.earlier) AS before_paid_visits,
    sumIf(v.arrived, NOT v.earlier) AS arrived, sumIf(v.arrived, v.earlier) AS before_arrived
FROM
(
    SELECT key, day < {boundary:Date} AS earlier, sum(k.visits) AS visits,
        sum(k.paid_visits) AS paid_visits, sum(k.arrived) AS arrived
    FROM keyword_days AS k
    WHERE site = {site:String} AND kind = 'visits' AND day BETWEEN {first:Date} AND {last:Date}
        AND build IN {visit_builds:Array(UInt64)}
        AND (day, bucket, build) NOT IN {older_visits:Array(Tuple(Date, UInt16, UInt64))}
    GROUP BY key, earlier
) AS v
INNER JOIN resolution AS r ON v.key = r.source_key
WHERE r.site = {site:String} AND r.build = {resolution:UInt64}
    AND ({platform:String} = '' OR r.platform = {platform:String})
    AND (NOT {limited:Bool} OR r.keyword_key IN {kept:Array(UInt64)})
GROUP BY keyword_key, platform_of, reason_of
