-- Question: what did each keyword cost and bring, and how did that go day by day?
-- Grain: one row per (period, keyword or reason) with `by_day` = 0, and one per (period, day) with
--   `by_day` = 1. period 0 is from `boundary` on, 1 is before it.
-- Parameters: site String; asof UInt64 (the builds that count); first, boundary, last Date;
--   model String; goal String ('' = all); by_click Bool; platform String ('' = all);
--   limited Bool with kept Array(UInt64): only these keywords
-- `adjusted` is cost after the account's rules; a row that only has that (a fee) is no spend row.
-- Period rows of spend count in periods that hold them whole. Spend on a day without any visit is
-- untracked, a period row only if it ends before the first visit. Amounts are integers of 1e-6 of
-- the site's currency, weights of 1e-9.
WITH
    resolved AS
    (
        SELECT source_key, keyword_key, reason, platform, paid FROM resolution
        WHERE site = {site:String} AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'resolution' AND build <= {asof:UInt64})
    ),
    known AS
    (
        SELECT keyword_key, canonical_key, platform FROM keywords
        WHERE site = {site:String} AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'keywords' AND build <= {asof:UInt64})
    ),
    visited AS
    (
        SELECT v.day AS day, v.source_key AS source_key, count() AS visits,
            uniqExactStateIf(if(v.click_id != '', cityHash64(v.click_id),
                cityHash64(v.visitor, intDiv(toUnixTimestamp64Milli(v.start), 1800000))),
                v.touch AND v.paid) AS arrived,
            countIf(v.paid) AS paid_visits
        FROM visits AS v
        WHERE v.site = {site:String} AND v.day BETWEEN {first:Date} AND {last:Date}
            AND (v.day, v.bucket, v.build) IN
                (SELECT day, bucket, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'visits' AND build <= {asof:UInt64}
                GROUP BY day, bucket)
        GROUP BY day, source_key
    ),
    facts AS
    (
        SELECT v.day AS day, r.keyword_key AS keyword_key, toString(r.reason) AS reason,
            toString(r.platform) AS platform, v.visits AS visits, v.arrived AS arrived,
            toInt64(0) AS weight, toInt64(0) AS amount, toUInt64(0) AS unpriced_value,
            toUInt64(0) AS impressions, toUInt64(0) AS clicks, toInt64(0) AS cost,
            toInt64(0) AS untracked_cost, toInt64(0) AS adjusted, toUInt64(0) AS unpriced_cost,
            v.paid_visits AS paid_visits, toUInt64(0) AS spend_rows
        FROM visited AS v INNER JOIN resolved AS r ON v.source_key = r.source_key
        UNION ALL
        SELECT if({by_click:Bool}, c.touch_day, c.day) AS at, r.keyword_key,
            if(c.source_key = 0, 'no_touch', toString(r.reason)), toString(r.platform), 0,
            arrayReduce('uniqExactState', emptyArrayUInt64()), toInt64(c.weight), c.amount,
            toUInt64(c.rate_missing), 0, 0, 0, 0, 0, 0, 0, 0
        FROM credits AS c LEFT JOIN resolved AS r ON c.source_key = r.source_key
        WHERE c.site = {site:String} AND c.model = {model:String} AND c.day >= {first:Date}
            AND at BETWEEN {first:Date} AND {last:Date}
            AND ({goal:String} = '' OR c.goal = {goal:String})
            AND (c.day, c.build) IN
                (SELECT day, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64}
                GROUP BY day)
        UNION ALL
        SELECT s.day, k.canonical_key, '', toString(k.platform), 0,
            arrayReduce('uniqExactState', emptyArrayUInt64()), 0, 0, 0, s.impressions, s.clicks,
            toInt64(ifNull(toDecimal128(s.cost_site, 6) * 1000000, 0)) AS micros,
            if(s.day IN (SELECT day FROM visited) OR (s.last_day > s.day AND (SELECT count() FROM visited)
                > 0 AND s.last_day >= (SELECT min(day) FROM visited)), 0, micros),
            toInt64(ifNull(toDecimal128(s.adjusted_site, 6) * 1000000, 0)), toUInt64(s.cost_site IS NULL), 0,
            toUInt64(s.cost != 0 OR s.impressions != 0 OR s.clicks != 0 OR s.adjusted = 0)
        FROM site_spend AS s INNER JOIN known AS k ON s.keyword_key = k.keyword_key
        WHERE s.site = {site:String} AND s.day >= {first:Date} AND s.last_day <= {last:Date}
            AND (s.day >= {boundary:Date} OR s.last_day < {boundary:Date})
            AND (s.day, s.build) IN
                (SELECT day, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'spend' AND build <= {asof:UInt64}
                GROUP BY day)
    )
SELECT
    f.day < {boundary:Date} AS period, f.keyword_key AS keyword_key,
    if(f.keyword_key = 0, f.reason, '') AS reason_of, if(f.keyword_key = 0, f.platform, '') AS platform_of,
    f.day AS at_day, grouping(f.day) = 0 AS by_day,
    sum(f.visits) AS visits, uniqExactMerge(f.arrived) AS arrived, sum(f.weight) AS weight,
    sum(f.amount) AS amount, sum(f.unpriced_value) AS unpriced_value,
    sum(f.impressions) AS impressions, sum(f.clicks) AS clicks, sum(f.cost) AS cost,
    sum(f.untracked_cost) AS untracked_cost, sum(f.adjusted) AS adjusted, sum(f.unpriced_cost) AS unpriced_cost,
    sum(f.paid_visits) AS paid_visits, sum(f.spend_rows) AS spend_rows
FROM facts AS f
WHERE ({platform:String} = '' OR f.platform = {platform:String})
    AND (NOT {limited:Bool} OR f.keyword_key IN {kept:Array(UInt64)})
GROUP BY GROUPING SETS ((period, keyword_key, reason_of, platform_of), (period, f.day))
