-- Question: how long does a conversion take, and was any value ever recorded?
-- Grain: one row: 90th percentile of the lag from the credited touch in ms (null without any
-- touch), conversions with a value, first day with visits.
-- Parameters: site String; asof UInt64; goal String
WITH published AS
(
    SELECT kind, day, bucket, max(p.build) AS build FROM slices AS p
    WHERE site = {site:String} AND p.build <= {asof:UInt64} AND kind IN ('credits', 'visits')
    GROUP BY kind, day, bucket
)
SELECT
    if(countIf(position > 0) = 0, NULL, quantileExactIf(0.9)(lag, position > 0)) AS lag90,
    countIf(has_value) AS valued,
    (
        SELECT if(count() = 0, NULL, min(day)) FROM visits
        WHERE site = {site:String} AND (day, bucket, build) IN
            (SELECT day, bucket, build FROM published WHERE kind = 'visits')
    ) AS first_day
FROM credits
WHERE site = {site:String} AND model = 'last_non_direct'
    AND ({goal:String} = '' OR goal = {goal:String})
    AND (day, build) IN (SELECT day, build FROM published WHERE kind = 'credits')
