-- Question: of which goals and stages was any value ever recorded?
-- Grain: one row per goal with a value.
-- Parameters: site String; credit_builds, older_credits: the builds that count (published.py)
SELECT DISTINCT goal
FROM credit_days AS d
WHERE site = {site:String} AND model = 'last_non_direct' AND valued > 0
    AND build IN {credit_builds:Array(UInt64)}
    AND (day, 0, build) NOT IN {older_credits:Array(Tuple(Date, UInt16, UInt64))}
