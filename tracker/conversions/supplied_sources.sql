-- Question: which sources did offline conversions of these sites bring themselves (landing URL or
-- platform ids)?
-- Grain: one row per (site, source key), into `sources`. Inserting a row again changes nothing.
-- Parameters: sites Array(String)
INSERT INTO sources (site, source_key, channel, platform, paid, source, medium, campaign, ad_group,
    keyword, match_type, creative, campaign_id, ad_group_id, keyword_id, creative_id, unexpanded,
    campaign_norm, ad_group_norm, keyword_norm)
SELECT
    site,
    cityHash64(channel, platform, paid, source, medium, campaign, ad_group, keyword, match_type, '',
        campaign_id, ad_group_id, keyword_id, '', false) AS source_key,
    channel, platform,
    channel IN ('Paid Search', 'Paid Social', 'Paid Video', 'Paid Shopping', 'Paid Other',
        'Display', 'Cross-network') AS paid,
    source, medium, campaign, ad_group, keyword, match_type, '' AS creative, campaign_id,
    ad_group_id, keyword_id, '' AS creative_id, false AS unexpanded,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(campaign))), '\\s+', ' ')) AS campaign_norm,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(ad_group))), '\\s+', ' ')) AS ad_group_norm,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(keyword))), '\\s+', ' ')) AS keyword_norm
FROM offline_conversions
WHERE site IN {sites:Array(String)} AND (platform != '' OR landing_url != '')
GROUP BY site, channel, platform, source, medium, campaign, ad_group, keyword, match_type,
    campaign_id, ad_group_id, keyword_id
HAVING (site, source_key) NOT IN (SELECT site, source_key FROM sources WHERE site IN {sites:Array(String)})
