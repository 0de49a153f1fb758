-- Question: what do the sources of this build stand for that a click id made other than the address
-- had them?
-- Grain: one row per (site, source key), into `sources`: the tuple of the address, what the look-up
-- says, and why the visits are no clicks of their own. The key is the hash of these.
-- Parameters: build UInt64; sites Array(String); first, last Date
INSERT INTO sources (site, source_key, channel, platform, paid, source, medium, campaign, ad_group,
    keyword, match_type, creative, campaign_id, ad_group_id, keyword_id, creative_id, unexpanded,
    campaign_norm, ad_group_norm, keyword_norm, looked,
    look_campaign_id, look_ad_group_id, look_keyword_id, look_match_type, look_keyword,
    look_keyword_norm, shared)
WITH
    fresh AS
    (
        SELECT DISTINCT site, source_key, tag_key, shared, platform, visit_click_id FROM hits
        WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
            AND build = {build:UInt64} AND source_key != tag_key
            AND (site, source_key) NOT IN
                (SELECT site, source_key FROM sources WHERE site IN {sites:Array(String)})
    ),
    looks AS
    (
        SELECT * FROM clicked
        WHERE site IN {sites:Array(String)} AND build = {build:UInt64} AND looked
    ),
    tagged AS
    (
        SELECT * FROM sources
        WHERE site IN {sites:Array(String)}
            AND (site, source_key) IN (SELECT site, tag_key FROM fresh)
        LIMIT 1 BY site, source_key
    )
SELECT f.site, f.source_key, s.channel, s.platform, s.paid, s.source, s.medium, s.campaign,
    s.ad_group, s.keyword, s.match_type, s.creative, s.campaign_id, s.ad_group_id, s.keyword_id,
    s.creative_id, s.unexpanded, s.campaign_norm, s.ad_group_norm, s.keyword_norm,
    l.looked, l.campaign_id, l.ad_group_id, l.keyword_id, l.match_type, l.keyword,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(l.keyword)), '\\s+', ' ')), f.shared
FROM fresh AS f
INNER JOIN tagged AS s ON f.site = s.site AND f.tag_key = s.source_key
LEFT JOIN looks AS l ON f.site = l.site AND f.platform = l.platform
    AND f.visit_click_id = l.click_id
LIMIT 1 BY f.site, f.source_key
