-- Question: which exchange rates are missing for these days?
-- Grain: one row per (what, currency): first and last day that lack it.
-- Parameters: site String; asof UInt64; spent, earned, touched: (first, last day) of the cost, of the
--   conversions and of touches of conversions that are asked about
-- A conversion may come years after its touches: the later stages of a lead have the path of the first.
WITH published AS
(
    SELECT kind, day, max(p.build) AS build FROM slices AS p
    WHERE site = {site:String} AND p.build <= {asof:UInt64} AND kind IN ('credits', 'spend')
    GROUP BY kind, day
)
SELECT what, currency, first, last FROM
(
    SELECT 'spend' AS what, currency, min(day) AS first, max(day) AS last
    FROM site_spend
    WHERE site = {site:String}
        AND (cost_site IS NULL OR (platform_value IS NOT NULL AND platform_value_site IS NULL))
        AND arrayExists(d -> day BETWEEN d.1 AND d.2, {spent:Array(Tuple(Date, Date))})
        AND (day, build) IN (SELECT day, build FROM published WHERE kind = 'spend')
    GROUP BY currency
    UNION ALL
    SELECT 'conversions' AS what, currency, min(day) AS first, max(day) AS last
    FROM conversions
    WHERE site = {site:String} AND rate_missing
        AND (arrayExists(d -> day BETWEEN d.1 AND d.2, {earned:Array(Tuple(Date, Date))})
            OR (day, build, conversion_id) IN
                (SELECT day, build, conversion_id FROM credits
                WHERE site = {site:String} AND model = 'linear' AND rate_missing
                    AND arrayExists(d -> touch_day BETWEEN d.1 AND d.2, {touched:Array(Tuple(Date, Date))})))
        AND (day, build) IN (SELECT day, build FROM published WHERE kind = 'credits')
    GROUP BY currency
)
ORDER BY what, currency
