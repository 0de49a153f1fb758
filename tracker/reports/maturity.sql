-- Question: how long does a conversion take, and was any value ever recorded?
-- Grain: one row: 90th percentile of the lag from the credited touch in ms (null without any
-- touch), conversions with a value.
-- Parameters: site String; asof UInt64; goal String
SELECT
    if(countIf(position > 0) = 0, NULL, quantileExactIf(0.9)(lag, position > 0)) AS lag90,
    countIf(has_value) AS valued
FROM credits
WHERE site = {site:String} AND model = 'last_non_direct'
    AND ({goal:String} = '' OR goal = {goal:String})
    AND (day, build) IN
        (SELECT day, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64} GROUP BY day)
