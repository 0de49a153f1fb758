-- Question: whose are these offline conversions, and which touch earned them (last non-direct)?
-- Grain: one row per external id. Parameters: site String; ids Array(String)
WITH published AS
(
    SELECT day, max(build) AS build FROM slices
    WHERE kind = 'credits' AND site = {site:String}
    GROUP BY day
)
SELECT c.external_id AS id, c.person AS person, toString(c.matched) AS matched,
    c.tried_until AS tried_until,
    toString(any(s.channel)) AS channel, toString(any(s.platform)) AS platform,
    any(s.campaign) AS campaign, any(s.keyword) AS keyword
FROM conversions AS c
LEFT JOIN (SELECT * FROM credits WHERE site = {site:String} AND model = 'last_non_direct'
    AND (day, build) IN (SELECT day, build FROM published)) AS w
    ON c.conversion_id = w.conversion_id AND c.day = w.day
LEFT JOIN (SELECT * FROM sources FINAL WHERE site = {site:String}) AS s
    ON w.source_key = s.source_key
WHERE c.site = {site:String} AND c.external_id IN {ids:Array(String)}
    AND (c.day, c.build) IN (SELECT day, build FROM published)
GROUP BY id, person, matched, tried_until
