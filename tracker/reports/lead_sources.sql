-- Question: whose are these offline conversions, and which touch earned them (last non-direct)?
-- Grain: one row per external id; its keyword is the one that reports credit, else that of the touch's
--   own tags. Parameters: site String; ids Array(String); keywords, resolution UInt64 (the builds that
--   count)
WITH published AS
(
    SELECT day, max(build) AS build FROM slices
    WHERE kind = 'credits' AND site = {site:String}
    GROUP BY day
),
words AS
(
    -- include source_words.sql
)
SELECT c.external_id AS id, c.person AS person, toString(c.matched) AS matched,
    c.tried_until AS tried_until,
    toString(any(s.channel)) AS channel, toString(any(s.platform)) AS platform,
    if(any(k.campaign) = '', any(s.campaign), any(k.campaign)) AS campaign,
    if(any(k.keyword) = '', any(s.keyword), any(k.keyword)) AS keyword
FROM conversions AS c
LEFT JOIN (SELECT * FROM credits WHERE site = {site:String} AND model = 'last_non_direct'
    AND (day, build) IN (SELECT day, build FROM published)) AS w
    ON c.conversion_id = w.conversion_id AND c.day = w.day
LEFT JOIN (SELECT * FROM sources FINAL WHERE site = {site:String}) AS s
    ON w.source_key = s.source_key
LEFT JOIN words AS k ON w.source_key = k.source_key
WHERE c.site = {site:String} AND c.external_id IN {ids:Array(String)}
    AND (c.day, c.build) IN (SELECT day, build FROM published)
GROUP BY id, person, matched, tried_until
