-- Question: what was earned, by goal and by keyword and visit of the touch?
-- Grain: one row per chosen dimensions and one of totals, `most` in all.
-- Parameters: site String; credit_builds, older_credits: the builds that count
--   (published.py); first, last Date; most UInt64; model String; goal String ('' = all); by_click Bool
-- The marks are filled from the registries of dimensions and measures (statement.py).
SELECT /* rows */
FROM
(
    SELECT /* inner */
    FROM (
        SELECT *, if({by_click:Bool}, touch_day, day) AS at FROM credits
        WHERE site = {site:String} AND model = {model:String} AND day >= {first:Date}
            AND at BETWEEN {first:Date} AND {last:Date}
            AND ({goal:String} = '' OR goal = {goal:String})
            AND build IN {credit_builds:Array(UInt64)}
            AND (day, 0, build) NOT IN {older_credits:Array(Tuple(Date, UInt16, UInt64))}
    ) AS c
    /* visits */
    WHERE 1
        AND /* filter */
    /* inner grouping */
) AS f
/* joins */
/* grouping */
LIMIT {most:UInt64}
