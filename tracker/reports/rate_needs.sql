-- Question: on which days do a site's cost and conversions need an exchange rate, and lack it?
-- Grain: one row per currency. Parameters: site, home String: the site's currency; asof UInt64
WITH published AS
(
    SELECT kind, day, max(p.build) AS build FROM slices AS p
    WHERE site = {site:String} AND p.build <= {asof:UInt64} AND kind IN ('credits', 'spend')
    GROUP BY kind, day
)
SELECT currency, min(day) AS first, max(day) AS last, uniqExact(day) AS days,
    arraySort(groupUniqArrayIf(day, lacks)) AS lacking
FROM
(
    SELECT toString(s.currency) AS currency, s.day AS day,
        s.cost_site IS NULL OR (s.platform_value IS NOT NULL AND s.platform_value_site IS NULL) AS lacks
    FROM site_spend AS s
    WHERE s.site = {site:String} AND s.currency != {home:String}
        AND (s.day, s.build) IN (SELECT day, build FROM published WHERE kind = 'spend')
    UNION ALL
    SELECT toString(c.currency) AS currency, c.day AS day, c.rate_missing AS lacks
    FROM conversions AS c
    WHERE c.site = {site:String} AND c.currency != {home:String} AND c.value IS NOT NULL
        AND (c.day, c.build) IN (SELECT day, build FROM published WHERE kind = 'credits')
)
GROUP BY currency
ORDER BY currency
