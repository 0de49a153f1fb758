-- Question: how many visits did each keyword bring, in the period and in the one before?
-- Grain: one row per keyword or reason. `before_` stands for the days before `boundary`.
-- Parameters: site String; asof, resolution UInt64 (the builds that count); first, boundary, last
--   Date; platform String ('' = all); limited Bool with kept Array(UInt64): only these keywords
-- Visits are added up by their source before anything is joined: that is most of the time.
SELECT r.keyword_key AS keyword_key, if(r.keyword_key = 0, toString(r.platform), '') AS platform_of,
    if(r.keyword_key = 0, toString(r.reason), '') AS reason_of,
    sum(v.visits) AS visits, sum(v.before_visits) AS before_visits,
    sum(v.paid_visits) AS paid_visits, sum(v.before_paid_visits) AS before_paid_visits,
    uniqExactMerge(v.arrived) AS arrived, uniqExactMerge(v.before_arrived) AS before_arrived
FROM
(
    SELECT source_key, countIf(day >= {boundary:Date}) AS visits,
        countIf(day < {boundary:Date}) AS before_visits,
        countIf(paid AND day >= {boundary:Date}) AS paid_visits,
        countIf(paid AND day < {boundary:Date}) AS before_paid_visits,
        uniqExactStateIf(arrival, arrival != 0 AND day >= {boundary:Date}) AS arrived,
        uniqExactStateIf(arrival, arrival != 0 AND day < {boundary:Date}) AS before_arrived
    FROM visits
    WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}
        AND (day, bucket, build) IN
            (SELECT day, bucket, max(build) FROM slices
            WHERE site = {site:String} AND kind = 'visits'
                AND day BETWEEN {first:Date} AND {last:Date} AND build <= {asof:UInt64}
            GROUP BY day, bucket)
    GROUP BY source_key
) AS v
INNER JOIN resolution AS r ON v.source_key = r.source_key
WHERE r.site = {site:String} AND r.build = {resolution:UInt64}
    AND ({platform:String} = '' OR r.platform = {platform:String})
    AND (NOT {limited:Bool} OR r.keyword_key IN {kept:Array(UInt64)})
GROUP BY keyword_key, platform_of, reason_of
