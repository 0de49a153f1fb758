-- Question: what did search terms cost on these days, of the cost that `site_spend` has?
-- Grain: one row per (site, day, keyword, device, search term), into `term_spend`, for the spend of
--   one build, after its `site_spend` and `keywords`.
-- Parameters:
--   build     UInt64
--   sites     tuples (sites, tenant, currency)
--   accounts  tuples (site, tenant, platform, account, own)
--   days      tuples (site, day): the slices
-- A term counts when its pull is the published one of its (account, day). It belongs to the keyword
-- with its id that has cost on that day, else to the one without an id that has its text, else, where it
-- names no keyword or has the row's kind for a match type, to the row on which its campaign has cost
-- without a keyword. Where none fits, or several do, the cost stays with the rest. So it does where spend
-- is of several days, which a day's terms say nothing of.
-- Amounts in the site's currency and after the account's rules are the term's share of those of its
-- keyword's day, rounded down to a millionth: rates and rules are those of the cost.
INSERT INTO term_spend (site, day, build, keyword_key, platform, device, term, impressions, clicks,
    cost, cost_site, adjusted_site, platform_conversions, platform_value, platform_value_site)
WITH
    info AS
    (
        SELECT s.2 AS tenant, arrayJoin(s.1) AS site
        FROM (SELECT arrayJoin({sites:Array(Tuple(Array(String), String, String))}) AS s)
    ),
    linked AS
    (
        SELECT a.1 AS site, a.2 AS tenant, a.3 AS platform, a.4 AS account
        FROM (SELECT arrayJoin({accounts:Array(Tuple(String, String, String, String, Bool))}) AS a)
    ),
    slice_days AS
    (
        SELECT d.1 AS site, d.2 AS day
        FROM (SELECT arrayJoin({days:Array(Tuple(String, Date))}) AS d)
    ),
    told AS
    (
        SELECT l.site AS site, t.platform AS platform, t.account AS account, t.day AS day,
            toString(t.currency) AS currency, toString(t.campaign_id) AS campaign_id,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(t.campaign)), '\\s+', ' '))
                AS campaign_norm,
            toString(t.ad_group_id) AS ad_group_id,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(t.ad_group)), '\\s+', ' '))
                AS ad_group_norm,
            toString(t.keyword_id) AS keyword_id,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(t.keyword)), '\\s+', ' '))
                AS keyword_norm,
            toString(t.match_type) AS match_type, toString(t.device) AS device,
            if(campaign_id = '', campaign_norm, campaign_id) AS campaign,
            (account, campaign_id, campaign_norm, ad_group_id, ad_group_norm, keyword_id,
                keyword_norm, match_type) AS place,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(t.term)), '\\s+', ' ')) AS words,
            sum(t.impressions) AS impressions, sum(t.clicks) AS clicks, sum(t.cost) AS cost,
            sum(t.platform_conversions) AS conversions, sum(t.platform_value) AS value
        FROM search_terms AS t
        INNER JOIN linked AS l
            ON t.tenant = l.tenant AND t.platform = l.platform AND t.account = l.account
        WHERE t.tenant IN (SELECT tenant FROM info) AND t.day IN (SELECT day FROM slice_days)
            AND (l.site, t.day) IN (SELECT site, day FROM slice_days)
            AND (t.tenant, t.platform, t.account, t.day, t.pull) IN
            (
                SELECT tenant, platform, account, day, argMax(pull, version)
                FROM fact_slices
                WHERE tenant IN (SELECT tenant FROM info) AND fact = 'search_terms'
                    AND day IN (SELECT day FROM slice_days)
                GROUP BY tenant, platform, account, day
            )
        GROUP BY site, platform, account, day, currency, campaign_id, campaign_norm, ad_group_id,
            ad_group_norm, keyword_id, keyword_norm, match_type, device, campaign, place, words
    ),
    spent AS
    (
        SELECT site, day, keyword_key, toString(currency) AS currency,
            toInt256(sum(s.cost) * 1000000) AS micros,
            if(countIf(s.cost_site IS NULL) > 0, NULL, toInt256(sum(s.cost_site) * 1000000))
                AS site_micros,
            if(countIf(s.adjusted_site IS NULL) > 0, NULL, toInt256(sum(s.adjusted_site) * 1000000))
                AS adjusted_micros,
            countIf(s.platform_conversions IS NOT NULL) > 0 AS reports,
            toInt256(sum(s.platform_value) * 1000000) AS value_micros,
            if(countIf(s.platform_value IS NOT NULL AND s.platform_value_site IS NULL) > 0, NULL,
                toInt256(sum(s.platform_value_site) * 1000000)) AS value_site_micros
        FROM site_spend AS s
        WHERE (site, day) IN (SELECT site, day FROM slice_days) AND build = {build:UInt64}
            AND last_day = day
        GROUP BY site, day, keyword_key, currency
    ),
    named AS
    (
        SELECT s.site AS site, s.day AS day, s.keyword_key AS keyword_key, s.currency AS currency,
            k.kind = 'keyword' AS is_keyword, toString(k.reason) AS reason,
            toString(k.platform) AS platform, k.account AS account, k.campaign_id AS campaign_id,
            k.campaign_norm AS campaign_norm,
            if(k.campaign_id = '', k.campaign_norm, k.campaign_id) AS campaign,
            k.ad_group_id AS ad_group_id, k.ad_group_norm AS ad_group_norm, k.keyword_id AS keyword_id,
            k.keyword_norm AS keyword_norm, toString(k.match_type) AS match_type
        FROM spent AS s
        INNER JOIN (SELECT * FROM keywords WHERE build = {build:UInt64}) AS k
            ON s.site = k.site AND s.keyword_key = k.keyword_key
    ),
    fits AS
    (
        SELECT t.*, (1, k.keyword_key) AS fit
        FROM told AS t
        INNER JOIN named AS k ON t.site = k.site AND t.day = k.day AND t.platform = k.platform
            AND t.account = k.account AND t.currency = k.currency AND t.keyword_id = k.keyword_id
        WHERE k.is_keyword AND t.keyword_id != ''
            AND (t.ad_group_id = '' OR k.ad_group_id = '' OR t.ad_group_id = k.ad_group_id)
        UNION ALL
        SELECT t.*, (2, k.keyword_key) AS fit
        FROM told AS t
        INNER JOIN named AS k ON t.site = k.site AND t.day = k.day AND t.platform = k.platform
            AND t.account = k.account AND t.currency = k.currency
            AND t.keyword_norm = k.keyword_norm
        WHERE k.is_keyword AND k.keyword_id = '' AND t.keyword_norm != ''
            AND (t.campaign_norm = '' OR t.campaign_norm = k.campaign_norm)
            AND (t.ad_group_norm = '' OR t.ad_group_norm = k.ad_group_norm)
            AND (t.match_type = '' OR k.match_type = '' OR t.match_type = k.match_type)
        UNION ALL
        SELECT t.*, (3, k.keyword_key) AS fit
        FROM told AS t
        INNER JOIN named AS k ON t.site = k.site AND t.day = k.day AND t.platform = k.platform
            AND t.account = k.account AND t.currency = k.currency AND t.campaign = k.campaign
        WHERE NOT k.is_keyword AND k.campaign != ''
            AND ((t.keyword_id = '' AND t.keyword_norm = '') OR t.match_type = k.reason)
    ),
    placed AS
    (
        SELECT site, day, platform, currency, device, words,
            groupUniqArray(fit) AS fits,
            arrayFilter(one -> one.1 = arrayMin(other -> other.1, fits), fits) AS best,
            best[1].2 AS keyword_key, any(t.impressions) AS impressions, any(t.clicks) AS clicks,
            any(t.cost) AS cost, any(t.conversions) AS conversions, any(t.value) AS value
        FROM fits AS t
        WHERE words != ''
        GROUP BY site, day, platform, currency, device, words, place
        HAVING length(best) = 1
    ),
    summed AS
    (
        SELECT site, day, platform, currency, device, words, keyword_key,
            sum(p.impressions) AS impressions, sum(p.clicks) AS clicks, sum(p.cost) AS cost,
            toInt256(sum(p.cost) * 1000000) AS micros, sum(p.conversions) AS conversions,
            sum(p.value) AS value, toInt256(sum(p.value) * 1000000) AS value_micros
        FROM placed AS p
        GROUP BY site, day, platform, currency, device, words, keyword_key
    )
SELECT t.site, t.day, {build:UInt64}, t.keyword_key, t.platform, t.device, t.words, t.impressions,
    t.clicks, CAST(t.cost AS Decimal(18, 6)),
    CAST(toDecimal128(intDiv(t.micros * s.site_micros * (s.micros != 0), if(s.micros = 0, 1, s.micros)), 6)
        / 1000000 AS Nullable(Decimal(18, 6))),
    CAST(toDecimal128(intDiv(t.micros * s.adjusted_micros * (s.micros != 0), if(s.micros = 0, 1, s.micros)), 6)
        / 1000000 AS Nullable(Decimal(18, 6))),
    CAST(if(s.reports, t.conversions, NULL) AS Nullable(Decimal(18, 6))),
    CAST(if(s.value_micros IS NULL, NULL, t.value) AS Nullable(Decimal(18, 6))),
    CAST(toDecimal128(intDiv(t.value_micros * s.value_site_micros * (s.value_micros != 0),
        if(s.value_micros = 0, 1, s.value_micros)), 6) / 1000000 AS Nullable(Decimal(18, 6)))
FROM summed AS t
INNER JOIN spent AS s ON t.site = s.site AND t.day = s.day AND t.keyword_key = s.keyword_key
    AND t.currency = s.currency
