-- Question: which source tuples do the events of these sites and days carry?
-- Grain: one row per (site, source key), into `sources`. The key is the hash of the tuple and the
-- rest a function of it, so inserting a row again changes nothing.
-- The normal form of a name: NFKC (width), lower case, runs of white space to one space, trimmed.
-- Parameters: sites Array(String), since DateTime64(3), until DateTime64(3); dealt_sites,
-- dealt_masks and part `dealt` as in hits.sql
INSERT INTO sources (site, source_key, channel, platform, paid, source, medium, campaign, ad_group,
    keyword, match_type, creative, campaign_id, ad_group_id, keyword_id, creative_id, unexpanded,
    campaign_norm, ad_group_norm, keyword_norm)
SELECT
    site,
    source_key,
    channel, platform, paid, source, medium, campaign, ad_group, keyword, match_type, creative,
    campaign_id, ad_group_id, keyword_id, creative_id, unexpanded,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(campaign))), '\\s+', ' ')) AS campaign_norm,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(ad_group))), '\\s+', ' ')) AS ad_group_norm,
    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(keyword))), '\\s+', ' ')) AS keyword_norm
FROM events
WHERE site IN {sites:Array(String)}
    AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
    -- if dealt
    AND bitTest(transform(site, {dealt_sites:Array(String)},
        {dealt_masks:Array(UInt64)}, toUInt64(-1)), bitShiftRight(visitor, 58))
    -- end
GROUP BY site, source_key, channel, platform, paid, source, medium, campaign, ad_group, keyword, match_type,
    creative, campaign_id, ad_group_id, keyword_id, creative_id, unexpanded
HAVING (site, source_key) NOT IN (SELECT site, source_key FROM sources WHERE site IN {sites:Array(String)})
