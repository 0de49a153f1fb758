-- Question: how long does a conversion take, and was any value ever recorded?
-- Grain: one row: 90th percentile of the lag from the credited touch in ms (null without any
-- touch), conversions with a value.
-- Parameters: site String; credit_builds, older_credits: the builds that count (published.py);
-- goal String ('' = what counts in totals)
SELECT if(sum(length(lags)) = 0, NULL, quantileExactArray(0.9)(lags)) AS lag90,
    sumIf(d.valued, {goal:String} != '' OR d.earns) AS valued
FROM credit_days AS d
WHERE site = {site:String} AND model = 'last_non_direct'
    AND if({goal:String} = '', d.counts OR d.earns, goal = {goal:String})
    AND build IN {credit_builds:Array(UInt64)}
    AND (day, 0, build) NOT IN {older_credits:Array(Tuple(Date, UInt16, UInt64))}
