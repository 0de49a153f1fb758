-- Question: what did each day cost, how many visits had it, and was anything tracked at all?
-- Grain: one row per (day, last day of spend) with something. `all_visits` are those of every
--   platform, the other measures those of the platform asked for. Amounts are integers of 1e-6 of
--   the site's currency.
-- Parameters: site String; day_builds, older_days: the builds that count (published.py); first,
--   last Date; platform String ('' = all)
-- A build is of visits or of spend, so the kind need not be compared.
SELECT day, last_day, sum(daily.visits) AS all_visits,
    sum(daily.visits * counts) AS visits, sum(daily.impressions * counts) AS impressions,
    sum(daily.clicks * counts) AS clicks, sum(daily.cost * counts) AS cost,
    sum(daily.unpriced_cost * counts) AS unpriced_cost, sum(daily.spend_rows * counts) AS spend_rows,
    {platform:String} = '' OR platform = {platform:String} AS counts
FROM daily
WHERE site = {site:String} AND kind IN ('visits', 'spend')
    AND day >= {first:Date} AND last_day <= {last:Date}
    AND build IN {day_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_days:Array(Tuple(Date, UInt16, UInt64))}
GROUP BY day, last_day, counts
