-- Question: what brought people first, in all their history?
-- Grain: one row per person.
-- Parameters: site String; keywords, resolution UInt64 (the builds that count); shown
--   Array(UInt64), only these people where there are any; text String, only people whose first
--   touch has it in keyword, campaign, search term, source or channel ('' = any); most UInt64
WITH
    members AS
    (
        SELECT visitor, argMax(person, version) AS person FROM person_members
        WHERE site = {site:String} GROUP BY visitor
    ),
    live AS
    (
        SELECT day, bucket, max(build) AS build FROM slices
        WHERE site = {site:String} AND kind = 'visits' GROUP BY day, bucket
    ),
    touched AS
    (
        SELECT if(m.person != 0, m.person, v.visitor) AS who,
            argMin((v.start, toString(v.channel), toString(v.platform), v.source_key,
                v.search_term), (v.start, v.visit_id)) AS first
        FROM visits AS v LEFT JOIN members AS m ON v.visitor = m.visitor
        WHERE v.site = {site:String} AND v.touch
            AND (v.day, v.bucket, v.build) IN (SELECT day, bucket, build FROM live)
            AND (empty({shown:Array(UInt64)}) OR v.visitor IN {shown:Array(UInt64)}
                OR v.visitor IN (SELECT visitor FROM members WHERE person IN {shown:Array(UInt64)}))
        GROUP BY who
    ),
    tags AS
    (
        SELECT source_key, any(source) AS source, any(campaign) AS campaign,
            any(keyword) AS keyword
        FROM sources WHERE site = {site:String} GROUP BY source_key
    ),
    words AS
    (
        -- include source_words.sql
    )
SELECT t.who AS person, t.first.1 AS first_touch, t.first.2 AS channel, t.first.3 AS platform,
    if(w.campaign = '', s.campaign, w.campaign) AS campaign,
    if(w.keyword = '', s.keyword, w.keyword) AS keyword
FROM touched AS t
LEFT JOIN tags AS s ON t.first.4 = s.source_key
LEFT JOIN words AS w ON t.first.4 = w.source_key
WHERE {text:String} = '' OR positionCaseInsensitiveUTF8(
    arrayStringConcat([keyword, campaign, t.first.5, s.source, channel, platform], '\n'),
    {text:String}) > 0
ORDER BY person
LIMIT {most:UInt64}
