-- Question: to which keyword does each source tuple of these sites belong?
-- Grain: one row per (site, source key), into `resolution`.
-- Parameters: build UInt64; sites Array(String); fresh Array(String): sites whose `keywords` this
--   build has rebuilt and not yet published
-- Parts (resolution_parts.sql finds them): `ids`: sources name keywords by id; `looked`: there are
-- click look-ups; `former`: keywords that had other names; `rows`: cost that is no keyword's.
--
-- Only paid sources belong to a keyword, and of them only those whose visits are clicks of their
-- own (see visits/hits.sql): others are `shared_link`. First by the ids that the visit has (`id`),
-- then by those of its click look-up, or by the text there where the spend has no ids (`click`),
-- then by its tags (`tags`): the keyword's text, with campaign, ad group and their ids where the
-- visit has them. A name that the keyword had once counts where no present name fits. Where
-- several fit, the match type decides if it leaves one. Several fits are `ambiguous`.
--
-- What no keyword fits belongs to the row on which the platform puts the cost of its campaign
-- without a keyword (Performance Max, AI Max, 词包 …), with that row's reason, if there is one such
-- row and the visit cannot be a keyword's: the campaign has no keywords, or the look-up names none,
-- or the tags have that row's kind for a match type. Without such a row the reason is theirs alone.
INSERT INTO resolution (site, build, source_key, keyword_key, reason, method, platform, paid)
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
            any(ad_group_norm) AS ad_group_norm, any(keyword_norm) AS keyword_norm,
            any(channel) AS channel, any(looked) AS looked,
            any(look_campaign_id) AS look_campaign_id, any(look_ad_group_id) AS look_ad_group_id,
            any(look_keyword_id) AS look_keyword_id, any(look_match_type) AS look_match_type,
            any(look_keyword_norm) AS look_keyword_norm, any(shared) AS shared
        FROM sources
        WHERE site IN {sites:Array(String)}
        GROUP BY site, source_key
    ),
    -- if ids
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
    -- end
    -- if looked
    by_click AS
    (
        SELECT s.site AS site, s.source_key AS source_key, uniqExact(k.canonical_key) AS fits,
            any(k.canonical_key) AS fit
        FROM tagged AS s
        INNER JOIN targets AS k
            ON s.site = k.site AND s.platform = k.platform AND s.look_keyword_id = k.keyword_id
        WHERE s.paid AND s.look_keyword_id != ''
            AND (s.look_ad_group_id = '' OR k.ad_group_id = '' OR s.look_ad_group_id = k.ad_group_id)
            AND (s.look_campaign_id = '' OR k.campaign_id = '' OR s.look_campaign_id = k.campaign_id)
        GROUP BY site, source_key
    ),
    by_click_text AS
    (
        SELECT s.site AS site, s.source_key AS source_key, uniqExact(k.canonical_key) AS fits,
            any(k.canonical_key) AS fit,
            uniqExactIf(k.canonical_key, k.match_type = s.look_match_type) AS same_match_fits,
            anyIf(k.canonical_key, k.match_type = s.look_match_type) AS same_match_fit
        FROM tagged AS s
        INNER JOIN targets AS k
            ON s.site = k.site AND s.platform = k.platform AND s.look_keyword_norm = k.keyword_norm
        WHERE s.paid AND s.look_keyword_norm != '' AND k.keyword_id = ''
            AND (s.campaign_norm = '' OR s.campaign_norm = k.campaign_norm)
            AND (s.ad_group_norm = '' OR s.ad_group_norm = k.ad_group_norm)
            AND (k.ad_group_id = '' OR s.look_ad_group_id = k.ad_group_id)
            AND (k.campaign_id = '' OR s.look_campaign_id = k.campaign_id)
        GROUP BY site, source_key
    ),
    -- end
    -- if rows
    with_keywords AS
    (
        SELECT DISTINCT site, platform, campaign_id, campaign_norm FROM targets
    ),
    campaigns AS
    (
        SELECT k.site AS site, k.platform AS platform, k.campaign_id AS campaign_id,
            k.campaign_norm AS campaign_norm, k.canonical_key AS canonical_key,
            toString(k.reason) AS reason, arrayMap(n -> n.1, k.former) AS former_names,
            (k.site, k.platform, k.campaign_id, k.campaign_norm) NOT IN
                (SELECT site, platform, campaign_id, campaign_norm FROM with_keywords) AS whole
        FROM keywords AS k
        WHERE k.site IN {sites:Array(String)} AND k.kind != 'keyword'
            AND (k.campaign_id != '' OR k.campaign_norm != '')
            AND (k.site, k.build) IN (SELECT site, build FROM current)
    ),
    by_campaign AS
    (
        SELECT s.site AS site, s.source_key AS source_key, uniqExact(c.canonical_key) AS fits,
            any(c.canonical_key) AS fit, any(c.reason) AS reason
        FROM tagged AS s
        INNER JOIN campaigns AS c ON s.site = c.site AND s.platform = c.platform
        WHERE s.paid
            AND if(c.campaign_id != '' AND (s.look_campaign_id != '' OR s.campaign_id != ''),
                c.campaign_id = if(s.look_campaign_id != '', s.look_campaign_id, s.campaign_id),
                s.campaign_norm != '' AND (c.campaign_norm = s.campaign_norm
                    OR has(c.former_names, s.campaign_norm)))
            AND (c.whole OR s.match_type = c.reason
                OR (s.looked AND s.look_keyword_id = '' AND s.look_keyword_norm = ''))
        GROUP BY site, source_key
    ),
    -- end
    -- Present names, and those that a keyword had once.
    named AS
    (
        SELECT site, canonical_key, platform, campaign_id, ad_group_id, match_type, campaign_norm,
            ad_group_norm, keyword_norm, false AS once
        FROM targets
        -- if former
        UNION ALL
        SELECT site, canonical_key, platform, campaign_id, ad_group_id, match_type, name.1, name.2,
            name.3, true
        FROM (SELECT *, arrayJoin(former) AS name FROM keywords
            WHERE site IN {sites:Array(String)} AND kind = 'keyword' AND notEmpty(former)
                AND (site, build) IN (SELECT site, build FROM current))
        -- end
    ),
    by_name AS
    (
        SELECT s.site AS site, s.source_key AS source_key, k.once AS once,
            uniqExact(k.canonical_key) AS fits,
            any(k.canonical_key) AS fit,
            uniqExactIf(k.canonical_key, k.match_type = s.match_type) AS same_match_fits,
            anyIf(k.canonical_key, k.match_type = s.match_type) AS same_match_fit
        FROM tagged AS s
        INNER JOIN named AS k
            ON s.site = k.site AND s.platform = k.platform AND s.keyword_norm = k.keyword_norm
        WHERE s.paid AND s.keyword_norm != ''
            AND (s.campaign_norm = '' OR s.campaign_norm = k.campaign_norm
                OR (k.campaign_id != '' AND s.campaign = k.campaign_id))
            AND (s.ad_group_norm = '' OR s.ad_group_norm = k.ad_group_norm
                OR (k.ad_group_id != '' AND s.ad_group = k.ad_group_id))
            AND (s.ad_group_id = '' OR k.ad_group_id = '' OR s.ad_group_id = k.ad_group_id)
            AND (s.campaign_id = '' OR k.campaign_id = '' OR s.campaign_id = k.campaign_id)
        GROUP BY site, source_key, once
    )
SELECT site, build, source_key, keyword_key, reason, method, platform, paid FROM
(
    SELECT
        s.site AS site, {build:UInt64} AS build, s.source_key AS source_key,
        multiIf(
            NOT s.paid OR s.shared != '', (toUInt64(0), ''),
            -- if ids
            i.fits = 1, (i.fit, 'id'),
            -- unless looked
            i.fits > 1, (toUInt64(0), ''),
            -- end
            -- end
            -- if looked
            -- if ids
            i.fits > 1 AND c.fits != 1, (toUInt64(0), ''),
            -- end
            c.fits = 1, (c.fit, 'click'),
            c.fits > 1, (toUInt64(0), ''),
            x.fits = 1, (x.fit, 'click'),
            x.fits > 1 AND x.same_match_fits = 1, (x.same_match_fit, 'click'),
            -- end
            t.fits = 1, (t.fit, 'tags'),
            t.fits > 1 AND t.same_match_fits = 1, (t.same_match_fit, 'tags'),
            t.fits > 1, (toUInt64(0), ''),
            -- if former
            b.fits = 1, (b.fit, 'tags'),
            b.fits > 1 AND b.same_match_fits = 1, (b.same_match_fit, 'tags'),
            -- end
            -- if rows
            p.fits = 1
                -- if looked
                AND x.fits = 0
                -- end
                -- if former
                AND b.fits = 0
                -- end
                , (p.fit, ''),
            -- end
            (toUInt64(0), '')) AS found,
        found.1 AS keyword_key,
        multiIf(
            found.2 != '', '',
            NOT s.paid, 'not_paid',
            s.shared != '', 'shared_link',
            -- if rows
            keyword_key != 0, p.reason,
            -- end
            t.fits > 1
                -- if ids
                OR i.fits > 1
                -- end
                -- if looked
                OR c.fits > 1 OR x.fits > 1
                -- end
                -- if former
                OR b.fits > 1
                -- end
                , 'ambiguous',
            s.match_type = 'ai_max', 'ai_max',
            s.channel = 'Cross-network', 'pmax',
            s.keyword_norm != '' OR s.keyword_id != '' OR s.look_keyword_id != ''
                OR s.look_keyword_norm != '', 'unknown_keyword',
            s.unexpanded, 'unexpanded_macro',
            s.looked, 'no_keyword', 'no_tag') AS reason,
        found.2 AS method, s.platform AS platform, s.paid AS paid
    FROM tagged AS s
    LEFT JOIN (SELECT * FROM by_name WHERE NOT once) AS t
        ON s.site = t.site AND s.source_key = t.source_key
    -- if ids
    LEFT JOIN by_id AS i ON s.site = i.site AND s.source_key = i.source_key
    -- end
    -- if looked
    LEFT JOIN by_click AS c ON s.site = c.site AND s.source_key = c.source_key
    LEFT JOIN by_click_text AS x ON s.site = x.site AND s.source_key = x.source_key
    -- end
    -- if former
    LEFT JOIN (SELECT * FROM by_name WHERE once) AS b
        ON s.site = b.site AND s.source_key = b.source_key
    -- end
    -- if rows
    LEFT JOIN by_campaign AS p ON s.site = p.site AND s.source_key = p.source_key
    -- end
)
