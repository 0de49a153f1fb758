-- Question: what do the sources stand for that a click look-up gave the conversions of this build?
-- Grain: one row per (site, source key), into `sources`: the tuple that the conversion brought, or
-- that of a search ad of the platform, with what the look-up says. The key is the hash of these.
-- Parameters: build UInt64; sites Array(String)
INSERT INTO sources (site, source_key, channel, platform, paid, source, medium, campaign, ad_group,
    keyword, match_type, campaign_id, ad_group_id, keyword_id, campaign_norm, ad_group_norm,
    keyword_norm, looked, look_campaign_id, look_ad_group_id, look_keyword_id, look_match_type,
    look_keyword, look_keyword_norm)
WITH
    fresh AS
    (
        SELECT DISTINCT site, supplied_key, supplied_tag, supplied_click FROM conversions
        WHERE site IN {sites:Array(String)} AND build = {build:UInt64} AND supplied_click != ''
            AND (site, supplied_key) NOT IN
                (SELECT site, source_key FROM sources WHERE site IN {sites:Array(String)})
    ),
    brought AS
    (
        SELECT * FROM sources
        WHERE site IN {sites:Array(String)}
            AND (site, source_key) IN (SELECT site, supplied_tag FROM fresh)
        LIMIT 1 BY site, source_key
    )
SELECT f.site, f.supplied_key, if(s.source_key = 0, 'Paid Search', toString(s.channel)), l.platform,
    s.source_key = 0 OR s.paid, if(s.source_key = 0, toString(l.platform), toString(s.source)),
    if(s.source_key = 0, 'cpc', toString(s.medium)), s.campaign, s.ad_group, s.keyword, s.match_type,
    s.campaign_id, s.ad_group_id, s.keyword_id, s.campaign_norm, s.ad_group_norm, s.keyword_norm,
    true, l.campaign_id, l.ad_group_id, l.keyword_id, l.match_type, l.keyword,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(l.keyword)), '\\s+', ' '))
FROM fresh AS f
INNER JOIN (SELECT * FROM clicked WHERE site IN {sites:Array(String)} AND build = {build:UInt64}
    AND looked) AS l ON f.site = l.site AND f.supplied_click = l.click_id
LEFT JOIN brought AS s ON f.site = s.site AND f.supplied_tag = s.source_key
LIMIT 1 BY f.site, f.supplied_key
