-- Question: what did each keyword cost on days on which nothing was tracked?
-- Grain: as in keyword_spend.sql.
-- Parameters: site String; first, last, boundary Date, spend_builds Array(UInt64), older_spend tuples (day,
--   bucket, build) as there; untracked Array(Date): days of spend without any visit; tracked_from,
--   tracked_before Date: the first day with one in the period, and in the one before
-- Period rows are untracked only if they end before the first visit of their period.
SELECT key, day < {boundary:Date} AS earlier, sum(d.cost) AS untracked_cost
FROM keyword_days AS d
WHERE site = {site:String} AND kind = 'spend' AND day >= {first:Date} AND last_day <= {last:Date}
    AND (day >= {boundary:Date} OR last_day < {boundary:Date})
    AND if(last_day > day,
        last_day < if(day < {boundary:Date}, {tracked_before:Date}, {tracked_from:Date}),
        day IN {untracked:Array(Date)})
    AND build IN {spend_builds:Array(UInt64)}
    AND (day, bucket, build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
GROUP BY key, earlier
