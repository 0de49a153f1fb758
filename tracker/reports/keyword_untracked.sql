-- Question: what did each keyword cost on days on which nothing was tracked?
-- Grain: as in keyword_spend.sql.
-- Parameters: site String; first, last, boundary Date, spend_builds Array(UInt64), older_spend tuples (day,
--   bucket, build) as there; untracked Array(Date): days of spend without any visit; tracked_next
--   Array(Date): the first day with one after each
-- Spend of several days is untracked if none of them has a visit.
SELECT key, day < {boundary:Date} AS earlier, sum(d.cost) AS untracked_cost
FROM keyword_days AS d
WHERE site = {site:String} AND kind = 'spend' AND day >= {first:Date} AND last_day <= {last:Date}
    AND (day >= {boundary:Date} OR last_day < {boundary:Date})
    AND transform(day, {untracked:Array(Date)}, {tracked_next:Array(Date)}, day) > last_day
    AND build IN {spend_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
GROUP BY key, earlier
