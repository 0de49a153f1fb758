-- Question: which exchange rates are missing for this period?
-- Grain: one row per (what, currency): first and last day that lack it.
-- Parameters: site String; asof UInt64; first, last Date; horizon Date: the last day of
-- conversions that may count (by click, a conversion is later than its touch)
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
    WHERE site = {site:String} AND cost_site IS NULL AND day BETWEEN {first:Date} AND {last:Date}
        AND (day, build) IN (SELECT day, build FROM published WHERE kind = 'spend')
    GROUP BY currency
    UNION ALL
    SELECT 'conversions' AS what, currency, min(day) AS first, max(day) AS last
    FROM conversions
    WHERE site = {site:String} AND rate_missing AND day BETWEEN {first:Date} AND {horizon:Date}
        AND (day, build) IN (SELECT day, build FROM published WHERE kind = 'credits')
    GROUP BY currency
)
ORDER BY what, currency
