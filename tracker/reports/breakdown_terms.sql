-- Question: what was spent, by search term, keyword, day and device?
-- Grain: one row per chosen dimensions and one of totals, `most` in all. What spend has above its
--   search terms has none (`term` is null): a term stands for itself and is taken off its keyword's
--   cost, so that the rows add up to the spend whatever terms are told.
-- Parameters: site String; spend_builds, older_spend: the builds that count
--   (published.py); first, last Date; most UInt64
-- The marks are filled from the registries of dimensions and measures (statement.py).
SELECT /* rows */
FROM
(
    SELECT /* inner */
    FROM
    (
        SELECT s.day AS day, s.last_day AS last_day, s.keyword_key AS keyword_key,
            s.platform AS platform, s.device AS device, toInt64(s.impressions) AS impressions,
            toInt64(s.clicks) AS clicks, s.cost AS cost, s.cost_site AS cost_site,
            s.adjusted AS adjusted, s.adjusted_site AS adjusted_site,
            s.platform_conversions AS platform_conversions, s.platform_value AS platform_value,
            s.platform_value_site AS platform_value_site, CAST(NULL AS Nullable(String)) AS term
        FROM site_spend AS s
        WHERE s.site = {site:String} AND s.day >= {first:Date} AND s.last_day <= {last:Date}
            AND s.build IN {spend_builds:Array(UInt64)}
            AND (s.day, 0, s.build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
        UNION ALL
        SELECT t.day, t.day, t.keyword_key, t.platform, t.device, toInt64(t.impressions) * side,
            toInt64(t.clicks) * side, t.cost * side, t.cost_site * side, toDecimal64(0, 6),
            t.adjusted_site * side, t.platform_conversions * side, t.platform_value * side,
            t.platform_value_site * side, if(side = 1, t.term, NULL)
        FROM term_spend AS t ARRAY JOIN [1, -1] AS side
        WHERE t.site = {site:String} AND t.day BETWEEN {first:Date} AND {last:Date}
            AND t.build IN {spend_builds:Array(UInt64)}
            AND (t.day, 0, t.build) NOT IN {older_spend:Array(Tuple(Date, UInt16, UInt64))}
    ) AS x
    WHERE /* filter */
    /* inner grouping */
) AS f
/* joins */
/* grouping */
LIMIT {most:UInt64}
