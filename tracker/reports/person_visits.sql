-- Question: which visits did these visitors make?
-- Grain: one row per visit, the newest first; its keyword is the one that the report counts it
--   for, else that of its own tags. Parameters: site String; keywords, resolution UInt64 (the builds
--   that count); visitors Array(UInt64); most UInt64
-- Parts: `first` (touches alone, the oldest first)
SELECT v.visit_id AS visit, v.visitor AS visitor, v.start AS start, v.finish AS finish,
    v.touch AS touch, v.pageviews AS pages, v.events AS events, toString(v.channel) AS channel,
    toString(v.platform) AS platform, if(w.campaign = '', s.campaign, w.campaign) AS campaign,
    if(w.keyword = '', s.keyword, w.keyword) AS keyword,
    v.search_term AS search_term, toString(v.referrer) AS referrer, v.entry_path AS entry,
    toString(v.country) AS country, toString(v.region) AS region, toString(v.city) AS city,
    toString(v.network) AS network, toString(v.device) AS device, toString(v.browser) AS browser,
    toString(v.os) AS os
FROM visits AS v
LEFT JOIN (SELECT source_key, any(campaign) AS campaign, any(keyword) AS keyword FROM sources
    WHERE site = {site:String} GROUP BY source_key) AS s ON v.source_key = s.source_key
LEFT JOIN
(
    -- include source_words.sql
) AS w ON v.source_key = w.source_key
WHERE v.site = {site:String} AND v.visitor IN {visitors:Array(UInt64)}
    AND (v.day, v.bucket, v.build) IN (SELECT day, bucket, max(build) FROM slices
        WHERE site = {site:String} AND kind = 'visits' GROUP BY day, bucket)
    -- if first
    AND v.touch
ORDER BY start, visit
    -- end
    -- unless first
ORDER BY start DESC, visit DESC
    -- end
LIMIT {most:UInt64}
