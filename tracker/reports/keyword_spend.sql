-- Question: what did each keyword cost, in the period and in the one before?
-- Grain: one row per canonical keyword. `before_` stands for the days before `boundary`. Amounts
--   are integers of 1e-6 of the site's currency.
-- Parameters: site String; spend_builds, older_spend and keywords: the builds that count
--   (published.py); first, boundary, last Date; platform String ('' = all); limited Bool with
--   kept Array(UInt64): only these keywords; untracked Array(Date): days of spend without any
--   visit; tracked_from Date: the first day with one
-- `adjusted` is cost after the account's rules; a row that only has that (a fee) is no spend row.
-- Period rows of spend count in periods that hold them whole, and are untracked only if they end
-- before the first visit.
SELECT k.canonical_key AS keyword_key, '' AS platform_of, '' AS reason_of,
    sumIf(s.impressions, NOT s.earlier) AS impressions, sumIf(s.impressions, s.earlier) AS before_impressions,
    sumIf(s.clicks, NOT s.earlier) AS clicks, sumIf(s.clicks, s.earlier) AS before_clicks,
    sumIf(s.cost, NOT s.earlier) AS cost, sumIf(s.cost, s.earlier) AS before_cost,
    sumIf(s.untracked_cost, NOT s.earlier) AS untracked_cost,
    sumIf(s.untracked_cost, s.earlier) AS before_untracked_cost,
    sumIf(s.adjusted, NOT s.earlier) AS adjusted, sumIf(s.adjusted, s.earlier) AS before_adjusted,
    sumIf(s.unpriced_cost, NOT s.earlier) AS unpriced_cost,
    sumIf(s.unpriced_cost, s.earlier) AS before_unpriced_cost,
    sumIf(s.spend_rows, NOT s.earlier) AS spend_rows, sumIf(s.spend_rows, s.earlier) AS before_spend_rows
FROM
(
    SELECT key, day < {boundary:Date} AS earlier, sum(d.impressions) AS impressions,
        sum(d.clicks) AS clicks, sum(d.cost) AS cost,
        sumIf(d.cost, if(last_day > day, last_day < {tracked_from:Date},
            day IN {untracked:Array(Date)})) AS untracked_cost,
        sum(d.adjusted) AS adjusted, sum(d.unpriced_cost) AS unpriced_cost,
        sum(d.spend_rows) AS spend_rows
    FROM keyword_days AS d
    WHERE site = {site:String} AND kind = 'spend' AND day >= {first:Date} AND last_day <= {last:Date}
        AND (day >= {boundary:Date} OR last_day < {boundary:Date})
        AND build IN {spend_builds:Array(UInt64)}
        AND (day, bucket, build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
    GROUP BY key, earlier
) AS s
INNER JOIN keywords AS k ON s.key = k.keyword_key
WHERE k.site = {site:String} AND k.build = {keywords:UInt64}
    AND ({platform:String} = '' OR k.platform = {platform:String})
    AND (NOT {limited:Bool} OR k.canonical_key IN {kept:Array(UInt64)})
GROUP BY keyword_key
