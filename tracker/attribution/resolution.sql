-- Question: to which keyword does each source tuple of these sites belong?
-- Grain: one row per (site, source key), into `resolution`.
-- Parameters: build UInt64; sites Array(String); fresh Array(String): sites whose `keywords` this
--   build has rebuilt and not yet published
--
-- Only paid sources belong to a keyword. First by the ids that the visit has, then by its tags:
-- the keyword's text, with campaign, ad group and their ids where the visit has them; where the
-- text fits several, the match type decides if it leaves one. Several fits are ambiguous.
INSERT INTO resolution
WITH
    current AS
    (
        SELECT site, max(build) AS build FROM
        (
            SELECT site, build FROM slices
            WHERE kind = 'keywords' AND site IN {sites:Array(String)}
            UNION ALL
            SELECT arrayJoin({fresh:Array(String)}) AS site, {build:UInt64} AS build
        )
        GROUP BY site
    ),
    targets AS
    (
        SELECT site, canonical_key, platform, campaign_id, ad_group_id, keyword_id, match_type,
            campaign_norm, ad_group_norm, keyword_norm
        FROM keywords
        WHERE site IN {sites:Array(String)} AND kind = 'keyword'
            AND (site, build) IN (SELECT site, build FROM current)
    ),
    tagged AS
    (
        SELECT site, source_key, any(platform) AS platform, any(paid) AS paid,
            any(unexpanded) AS unexpanded, any(campaign) AS campaign,
            any(ad_group) AS ad_group, any(match_type) AS match_type,
            any(campaign_id) AS campaign_id, any(ad_group_id) AS ad_group_id,
            any(keyword_id) AS keyword_id, any(campaign_norm) AS campaign_norm,
            any(ad_group_norm) AS ad_group_norm, any(keyword_norm) AS keyword_norm
        FROM sources
        WHERE site IN {sites:Array(String)}
        GROUP BY site, source_key
    ),
    by_id AS
    (
        SELECT s.site AS site, s.source_key AS source_key, uniqExact(k.canonical_key) AS fits,
            any(k.canonical_key) AS fit
        FROM tagged AS s
        INNER JOIN targets AS k
            ON s.site = k.site AND s.platform = k.platform AND s.keyword_id = k.keyword_id
        WHERE s.paid AND s.keyword_id != ''
            AND (s.ad_group_id = '' OR k.ad_group_id = '' OR s.ad_group_id = k.ad_group_id)
            AND (s.campaign_id = '' OR k.campaign_id = '' OR s.campaign_id = k.campaign_id)
        GROUP BY site, source_key
    ),
    by_tags AS
    (
        SELECT s.site AS site, s.source_key AS source_key, uniqExact(k.canonical_key) AS fits,
            any(k.canonical_key) AS fit,
            uniqExactIf(k.canonical_key, k.match_type = s.match_type) AS same_match_fits,
            anyIf(k.canonical_key, k.match_type = s.match_type) AS same_match_fit
        FROM tagged AS s
        INNER JOIN targets AS k
            ON s.site = k.site AND s.platform = k.platform AND s.keyword_norm = k.keyword_norm
        WHERE s.paid AND s.keyword_norm != ''
            AND (s.campaign_norm = '' OR s.campaign_norm = k.campaign_norm
                OR (k.campaign_id != '' AND s.campaign = k.campaign_id))
            AND (s.ad_group_norm = '' OR s.ad_group_norm = k.ad_group_norm
                OR (k.ad_group_id != '' AND s.ad_group = k.ad_group_id))
            AND (s.ad_group_id = '' OR k.ad_group_id = '' OR s.ad_group_id = k.ad_group_id)
            AND (s.campaign_id = '' OR k.campaign_id = '' OR s.campaign_id = k.campaign_id)
        GROUP BY site, source_key
    )
SELECT
    s.site AS site, {build:UInt64} AS build, s.source_key AS source_key,
    multiIf(NOT s.paid, 0, i.fits = 1, i.fit, i.fits > 1, 0, t.fits = 1, t.fit,
        t.fits > 1 AND t.same_match_fits = 1, t.same_match_fit, 0) AS keyword_key,
    multiIf(keyword_key != 0, '', NOT s.paid, 'not_paid', i.fits > 1 OR t.fits > 1, 'ambiguous',
        s.keyword_norm = '' AND s.keyword_id = '' AND s.unexpanded, 'unexpanded_macro',
        s.keyword_norm = '' AND s.keyword_id = '', 'no_tag', 'unknown_keyword') AS reason,
    multiIf(keyword_key = 0, '', i.fits = 1, 'id', 'tags') AS method,
    s.platform AS platform, s.paid AS paid
FROM tagged AS s
LEFT JOIN by_id AS i ON s.site = i.site AND s.source_key = i.source_key
LEFT JOIN by_tags AS t ON s.site = t.site AND s.source_key = t.source_key
