-- Question: what did each keyword cost, in the period and in the one before?
-- Grain: one row per keyword and whether it is `earlier` than `boundary`. Amounts are integers of
--   1e-6 of the site's currency.
-- Parameters: site String; spend_builds, older_spend: the builds that count (published.py); first,
--   boundary, last Date
-- `adjusted` is cost after the account's rules; a row that only has that (a fee) is no spend row.
-- Period rows of spend count in periods that hold them whole.
SELECT key, day < {boundary:Date} AS earlier, sum(d.impressions) AS impressions,
    sum(d.clicks) AS clicks, sum(d.cost) AS cost, sum(d.adjusted) AS adjusted,
    sum(d.unpriced_cost) AS unpriced_cost, sum(d.spend_rows) AS spend_rows
FROM keyword_days AS d
WHERE site = {site:String} AND kind = 'spend' AND day >= {first:Date} AND last_day <= {last:Date}
    AND (day >= {boundary:Date} OR last_day < {boundary:Date})
    AND build IN {spend_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
GROUP BY key, earlier
