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
    -- From here on windows over `known`: a relation that is named again is read and planned again.
    gathered AS
    (
        SELECT *, kind = 'keyword' AND latest.5 != '' AS has_id, has_id AND latest.3 != '' AS has_place,
            (latest.8, latest.9, latest.10) AS present, (first_day, ended, keyword_key) AS life,
            arraySort(groupArrayIf(life, has_place AND platform IN
                ('baidu', '360', 'sogou', 'shenma', 'microsoft', 'yandex')) OVER by_id) AS moves,
            countIf(has_place) OVER by_id > 0 AS is_placed
        FROM known
        WINDOW by_id AS (PARTITION BY site, platform, account, latest.5)
    ),
    moved AS
    (
        SELECT *, has_place AND length(moves) > 1 AND arrayAll((one, next) -> one.2 <= next.1,
                arrayPopBack(moves), arrayPopFront(moves)) AS was_moved,
            if(was_moved, moves[-1].3, keyword_key) AS root,
            has_id AND root = keyword_key AND present.3 != '' AND (has_place OR NOT is_placed) AS stands
        FROM gathered
    ),
    settled AS
    (
        SELECT *, arraySort(groupArrayIf(life, stands) OVER
                (PARTITION BY site, platform, account, present, latest.7)) AS lives,
            stands AND length(lives) > 1 AND arrayAll((one, next) -> one.2 <= next.1,
                arrayPopBack(lives), arrayPopFront(lives)) AS was_made_again
        FROM moved
    ),
    lasting AS
    (
        SELECT *, maxIf(lives[-1].3, was_made_again) OVER (PARTITION BY site, root) AS successor,
            if(successor != 0, successor, root) AS led_to
        FROM settled
    ),
    -- An id without its ad group is that of the one keyword which has both: it has no life of its
    -- own (`stands`), so that no keyword leads to it, and counts as that one for texts without ids.
    homed AS
    (
        SELECT *, if(has_id AND NOT has_place AND uniqExactIf(led_to, has_place) OVER by_id = 1,
                minIf(led_to, has_place) OVER by_id, led_to) AS target
        FROM lasting
        WINDOW by_id AS (PARTITION BY site, platform, account, latest.5)
    ),
    fitted AS
    (
        SELECT *, name, uniqExactIf(target, has_id AND name = present) OVER by_text AS fits,
            minIf(target, has_id AND name = present) OVER by_text AS fit,
            uniqExactIf(target, has_id) OVER by_text AS ever_fits,
            minIf(target, has_id) OVER by_text AS ever_fit
        FROM homed
        ARRAY JOIN if(has_id, names, [present]) AS name
        WINDOW by_text AS (PARTITION BY site, platform, account, name, latest.7)
    )
SELECT
    k.site, {build:UInt64} AS build, k.keyword_key,
    multiIf(
        k.kind != 'keyword', k.keyword_key,
        k.latest.5 = '' AND k.fits = 1, k.fit,
        k.latest.5 = '' AND k.fits = 0 AND k.ever_fits = 1, k.ever_fit,
        k.latest.5 != '', k.target,
        k.keyword_key) AS canonical_key,
    k.kind, k.reason, k.platform, k.account, k.latest.1 AS campaign_id, k.latest.2 AS campaign,
    k.latest.3 AS ad_group_id, k.latest.4 AS ad_group, k.latest.5 AS keyword_id,
    k.latest.6 AS keyword, k.latest.7 AS match_type, k.latest.8 AS campaign_norm,
    k.latest.9 AS ad_group_norm, k.latest.10 AS keyword_norm, k.first_day, k.last_day,
    arrayFilter(n -> n != (k.latest.8, k.latest.9, k.latest.10), k.names) AS former
FROM fitted AS k
WHERE k.name = k.present
