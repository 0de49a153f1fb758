-- Question: what were the visits of these touches?
-- Grain: one row per visit with a touch among the credit that breakdown_credits.sql reads.
-- Parameters: site String; asof UInt64 (the visit builds that count); first, last Date; model String;
--   goal String ('' = all); by_click Bool; credit_builds, older_credits: as there
-- A visit is looked for on its day alone: repeat orders and leads reach back for years.
SELECT visit_id, entry_path, search_term, country, region, city, device, browser, os, language
FROM visits
WHERE site = {site:String}
    AND (day, visit_id) IN
        (SELECT touch_day, visit_id FROM credits
        WHERE site = {site:String} AND model = {model:String} AND day >= {first:Date}
            AND if({by_click:Bool}, touch_day, day) BETWEEN {first:Date} AND {last:Date}
            AND ({goal:String} = '' OR goal = {goal:String})
            AND build IN {credit_builds:Array(UInt64)}
            AND (day, 0, build) NOT IN {older_credits:Array(Tuple(Date, UInt16, UInt64))})
    AND (day, bucket, build) IN
        (SELECT day, bucket, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'visits' AND build <= {asof:UInt64}
        GROUP BY day, bucket)
