-- Question: what did each keyword cost, in the period and in the one before?
-- Grain: one row per canonical keyword. `before_` stands for the days before `boundary`. Amounts
--   are integers of 1e-6 of the site's currency.
-- Parameters: site String; asof, keywords UInt64 (the builds that count); first, boundary, last
--   Date; platform String ('' = all); limited Bool with kept Array(UInt64): only these keywords;
--   untracked Array(Date): days of spend without any visit; tracked_from Date: the first day with one
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
    SELECT keyword_key, day < {boundary:Date} AS earlier,
        sum(site_spend.impressions) AS impressions, sum(site_spend.clicks) AS clicks,
        toInt64(ifNull(sum(cost_site), 0) * 1000000) AS cost,
        if(empty({untracked:Array(Date)}), 0, toInt64(ifNull(sumIf(cost_site, if(last_day > day,
            last_day < {tracked_from:Date}, has({untracked:Array(Date)}, day))), 0) * 1000000))
            AS untracked_cost,
        toInt64(ifNull(sum(adjusted_site), 0) * 1000000) AS adjusted,
        count() - count(cost_site) AS unpriced_cost,
        countIf(site_spend.cost != 0 OR site_spend.impressions != 0 OR site_spend.clicks != 0
            OR site_spend.adjusted = 0) AS spend_rows
    FROM site_spend
    WHERE site = {site:String} AND day >= {first:Date} AND last_day <= {last:Date}
        AND (day >= {boundary:Date} OR last_day < {boundary:Date})
        AND (day, build) IN
            (SELECT day, max(build) FROM slices
            WHERE site = {site:String} AND kind = 'spend'
                AND day BETWEEN {first:Date} AND {last:Date} AND build <= {asof:UInt64}
            GROUP BY day)
    GROUP BY keyword_key, earlier
) AS s
INNER JOIN keywords AS k ON s.keyword_key = k.keyword_key
WHERE k.site = {site:String} AND k.build = {keywords:UInt64}
    AND ({platform:String} = '' OR k.platform = {platform:String})
    AND (NOT {limited:Bool} OR k.canonical_key IN {kept:Array(UInt64)})
GROUP BY keyword_key
