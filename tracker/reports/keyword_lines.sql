-- Question: which visits had each source, and what did each keyword cost, on each day?
-- Grain: one row per source, which has a visit, or keyword, which has none, on a day; keyword_days.sql,
--   keyword_visits.sql and keyword_spend.sql in one where there are few.
-- Parameters: site String; day_builds, older_days: the builds that count (published.py); first, last
--   Date
SELECT key, day, last_day, visits, paid_visits, arrived, impressions, clicks, cost, adjusted,
    unpriced_cost, spend_rows
FROM keyword_days
WHERE site = {site:String} AND kind IN ('visits', 'spend')
    AND day >= {first:Date} AND last_day <= {last:Date}
    AND build IN {day_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_days:Array(Tuple(Date, UInt16, UInt64))}
