-- Question: which keywords does the spend of these sites know, whatever the day?
-- Grain: one row per (site, keyword key), into `keywords`. Names are those of the latest day.
-- Parameters: build UInt64; accounts tuples (site, tenant, platform, account, own) and campaigns
--   tuples (tenant, platform, account, campaign, site), as in site_spend.sql
-- What is not a platform's row has its entries too: the gap to the account's total, and fees.
-- Identity: (account, ad group, keyword id) where the row has an id, else the normal form of
-- (campaign, ad group, text) and the match type. A key with less identity has the canonical key
-- of the one with more when exactly one fits; present names go before former ones.
-- Life of a keyword with an id: one that stands in another ad group from some day on was moved,
-- where the id is the platform's (on Google an id is one of an ad group, and a moved keyword is
-- another); one of the same names with a new id from some day on was created again. Both keep the
-- history: the canonical key is that of the latest, and what visits have of the earlier leads to it.
-- Keywords that ran at the same time stay apart, whatever they have in common but the day of change.
INSERT INTO keywords (site, build, keyword_key, canonical_key, kind, reason, platform, account,
    campaign_id, campaign, ad_group_id, ad_group, keyword_id, keyword, match_type, campaign_norm,
    ad_group_norm, keyword_norm, first_day, last_day, former)
WITH
    linked AS
    (
        SELECT a.1 AS site, a.2 AS tenant, a.3 AS platform, a.4 AS account, a.5 AS own
        FROM (SELECT arrayJoin({accounts:Array(Tuple(String, String, String, String, Bool))}) AS a)
    ),
    given AS
    (
        SELECT c.1 AS tenant, c.2 AS platform, c.3 AS account, c.4 AS campaign, c.5 AS site
        FROM (SELECT arrayJoin({campaigns:Array(Tuple(String, String, String, String, String))}) AS c)
    ),
    standing AS
    (
        SELECT tenant, platform, account, day, last_day, scope, argMax(pull, version) AS pull
        FROM spend_slices
        WHERE tenant IN (SELECT tenant FROM linked)
        GROUP BY tenant, platform, account, day, last_day, scope
    ),
    named AS
    (
        SELECT l.site AS site, s.day AS day, s.last_day AS ends, s.kind AS kind, s.reason AS reason,
            s.platform AS platform, s.account AS account, s.campaign_id AS campaign_id,
            s.campaign AS campaign, s.ad_group_id AS ad_group_id, s.ad_group AS ad_group,
            s.keyword_id AS keyword_id, s.keyword AS keyword, s.match_type AS match_type,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(s.campaign))), '\\s+', ' ')) AS campaign_norm,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(s.ad_group))), '\\s+', ' ')) AS ad_group_norm,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(s.keyword))), '\\s+', ' ')) AS keyword_norm,
            multiIf(
                kind != 'keyword', cityHash64(platform, account, kind, reason, campaign_id,
                    if(campaign_id = '', campaign_norm, '')),
                keyword_id != '', cityHash64(platform, account,
                    if(ad_group_id = '', ad_group_norm, toString(ad_group_id)), keyword_id),
                cityHash64(platform, account, campaign_norm, ad_group_norm, keyword_norm,
                    match_type)) AS keyword_key
        FROM spend AS s
        INNER JOIN linked AS l
            ON s.tenant = l.tenant AND s.platform = l.platform AND s.account = l.account
        LEFT JOIN given AS g
            ON s.tenant = g.tenant AND s.platform = g.platform AND s.account = g.account
            AND if(s.campaign_id = '', toString(s.campaign), toString(s.campaign_id)) = g.campaign
        WHERE s.tenant IN (SELECT tenant FROM linked) AND if(g.site = '', l.own, g.site = l.site)
            AND (s.tenant, s.platform, s.account, s.day, s.last_day, s.scope, s.pull) IN
                (SELECT tenant, platform, account, day, last_day, scope, pull FROM standing)
    ),
    known AS
    (
        SELECT site, keyword_key, any(kind) AS kind, any(reason) AS reason,
            any(platform) AS platform, any(account) AS account,
            argMax((campaign_id, campaign, ad_group_id, ad_group, keyword_id, keyword, match_type,
                campaign_norm, ad_group_norm, keyword_norm), (day, campaign_id, campaign,
                ad_group_id, ad_group, keyword, match_type)) AS latest,
            min(day) AS first_day, max(day) AS last_day, max(ends) AS ended,
            arraySort(groupUniqArray((campaign_norm, ad_group_norm, keyword_norm))) AS names
        FROM named
        GROUP BY site, keyword_key
        UNION ALL
        SELECT site, cityHash64(platform, account, 'unallocated', r, '', '') AS keyword_key,
            'unallocated', r, platform, account,
            ('', '', '', '', '', '', '', '', '', ''), toDate(0), toDate(0), toDate(0), []
        FROM linked ARRAY JOIN ['gap', 'account_fee'] AS r
        WHERE own
    ),
    with_id AS
    (
        SELECT site, keyword_key, platform, account, latest.3 AS ad_group_id,
            latest.5 AS keyword_id, latest.7 AS match_type,
            (latest.8, latest.9, latest.10) AS present, names, (first_day, ended, keyword_key) AS life
        FROM known WHERE kind = 'keyword' AND latest.5 != ''
    ),
    moved AS
    (
        SELECT site, platform, account, keyword_id, arraySort(groupArray(life)) AS lives,
            lives[-1].3 AS target
        FROM with_id
        WHERE ad_group_id != ''
            AND platform IN ('baidu', '360', 'sogou', 'shenma', 'microsoft', 'yandex')
        GROUP BY site, platform, account, keyword_id
        HAVING length(lives) > 1 AND arrayAll((one, next) -> one.2 <= next.1,
            arrayPopBack(lives), arrayPopFront(lives))
    ),
    settled AS
    (
        SELECT w.*, if(m.target != 0, m.target, w.keyword_key) AS root
        FROM with_id AS w
        LEFT JOIN (SELECT * FROM moved) AS m ON w.site = m.site AND w.platform = m.platform
            AND w.account = m.account AND w.keyword_id = m.keyword_id AND w.ad_group_id != ''
    ),
    again AS
    (
        SELECT site, platform, account, present, match_type, arraySort(groupArray(life)) AS lives,
            lives[-1].3 AS target
        FROM settled
        WHERE root = keyword_key AND present.3 != ''
        GROUP BY site, platform, account, present, match_type
        HAVING length(lives) > 1 AND arrayAll((one, next) -> one.2 <= next.1,
            arrayPopBack(lives), arrayPopFront(lives))
    ),
    lasting AS
    (
        SELECT s.site AS site, s.keyword_key AS keyword_key, s.platform AS platform,
            s.account AS account, s.ad_group_id AS ad_group_id, s.keyword_id AS keyword_id,
            s.match_type AS match_type, s.present AS present, s.names AS names,
            if(g.target != 0, g.target, s.root) AS target
        FROM settled AS s
        LEFT JOIN
        (
            SELECT site, arrayJoin(lives).3 AS root, target FROM again
        ) AS g ON s.site = g.site AND s.root = g.root
    ),
    by_text AS
    (
        SELECT site, platform, account, arrayJoin(names) AS name, match_type,
            uniqExactIf(target, name = present) AS fits, minIf(target, name = present) AS fit,
            uniqExact(target) AS ever_fits, min(target) AS ever_fit
        FROM lasting
        GROUP BY site, platform, account, name, match_type
    ),
    by_id AS
    (
        SELECT site, platform, account, keyword_id, min(target) AS fit, uniqExact(target) AS fits
        FROM lasting WHERE ad_group_id != ''
        GROUP BY site, platform, account, keyword_id
    )
SELECT
    k.site, {build:UInt64} AS build, k.keyword_key,
    multiIf(
        k.kind != 'keyword', k.keyword_key,
        k.latest.5 = '' AND t.fits = 1, t.fit,
        k.latest.5 = '' AND t.fits = 0 AND t.ever_fits = 1, t.ever_fit,
        k.latest.5 != '' AND k.latest.3 = '' AND i.fits = 1, i.fit,
        k.latest.5 != '', l.target,
        k.keyword_key) AS canonical_key,
    k.kind, k.reason, k.platform, k.account, k.latest.1 AS campaign_id, k.latest.2 AS campaign,
    k.latest.3 AS ad_group_id, k.latest.4 AS ad_group, k.latest.5 AS keyword_id,
    k.latest.6 AS keyword, k.latest.7 AS match_type, k.latest.8 AS campaign_norm,
    k.latest.9 AS ad_group_norm, k.latest.10 AS keyword_norm, k.first_day, k.last_day,
    arrayFilter(n -> n != (k.latest.8, k.latest.9, k.latest.10), k.names) AS former
FROM known AS k
LEFT JOIN by_text AS t ON k.site = t.site AND k.platform = t.platform AND k.account = t.account
    AND (k.latest.8, k.latest.9, k.latest.10) = t.name AND k.latest.7 = t.match_type
LEFT JOIN by_id AS i ON k.site = i.site AND k.platform = i.platform AND k.account = i.account
    AND k.latest.5 = i.keyword_id
LEFT JOIN lasting AS l ON k.site = l.site AND k.keyword_key = l.keyword_key
