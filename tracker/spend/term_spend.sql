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
    read AS
    (
        SELECT l.site AS site, t.day AS day, t.*,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(t.campaign)), '\\s+', ' '))
                AS campaign_norm,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(t.ad_group)), '\\s+', ' '))
                AS ad_group_norm,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(t.keyword)), '\\s+', ' '))
                AS keyword_norm,
            cityHash64(t.platform, t.account, t.currency, t.campaign_id, campaign_norm, t.ad_group_id,
                ad_group_norm, t.keyword_id, keyword_norm, t.match_type) AS place
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
    ),
    -- What terms say of their keyword, each once: there are far fewer than terms.
    places AS
    (
        SELECT DISTINCT site, place, toString(platform) AS platform, toString(account) AS account,
            toString(campaign_id) AS campaign_id, campaign_norm,
            if(campaign_id = '', campaign_norm, campaign_id) AS campaign,
            toString(ad_group_id) AS ad_group_id, ad_group_norm,
            toString(keyword_id) AS keyword_id, keyword_norm, toString(match_type) AS match_type
        FROM read
    ),
    named AS
    (
        SELECT site, keyword_key, kind = 'keyword' AS is_keyword, toString(reason) AS reason,
            toString(platform) AS platform, account, campaign_id, campaign_norm,
            if(campaign_id = '', campaign_norm, campaign_id) AS campaign, ad_group_id,
            ad_group_norm, keyword_id, keyword_norm, toString(match_type) AS match_type
        FROM keywords
        WHERE site IN (SELECT site FROM info) AND build = {build:UInt64}
    ),
    fits AS
    (
        SELECT t.site AS site, t.place AS place, 1 AS way, k.keyword_key AS keyword_key
        FROM places AS t
        INNER JOIN (SELECT * FROM named WHERE is_keyword AND keyword_id != '') AS k
            ON t.site = k.site AND t.platform = k.platform AND t.account = k.account
            AND t.keyword_id = k.keyword_id
        WHERE t.ad_group_id = '' OR k.ad_group_id = '' OR t.ad_group_id = k.ad_group_id
        UNION ALL
        SELECT t.site AS site, t.place AS place, 2 AS way, k.keyword_key AS keyword_key
        FROM places AS t
        INNER JOIN (SELECT * FROM named WHERE is_keyword AND keyword_id = '') AS k
            ON t.site = k.site AND t.platform = k.platform AND t.account = k.account
            AND t.keyword_norm = k.keyword_norm
        WHERE t.keyword_norm != ''
            AND (t.campaign_norm = '' OR t.campaign_norm = k.campaign_norm)
            AND (t.ad_group_norm = '' OR t.ad_group_norm = k.ad_group_norm)
            AND (t.match_type = '' OR k.match_type = '' OR t.match_type = k.match_type)
        UNION ALL
        SELECT t.site AS site, t.place AS place, 3 AS way, k.keyword_key AS keyword_key
        FROM places AS t
        INNER JOIN (SELECT * FROM named WHERE NOT is_keyword AND campaign != '') AS k
            ON t.site = k.site AND t.platform = k.platform AND t.account = k.account
            AND t.campaign = k.campaign
        WHERE (t.keyword_id = '' AND t.keyword_norm = '') OR t.match_type = k.reason
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
    -- Of those that have cost on the day. NOTE: by IN, as the engine may do a join by the days first.
    placed AS
    (
        SELECT site, day, place, argMin(fit, way) AS keyword_key FROM
        (
            SELECT site, day, place, way, any(keyword_key) AS fit, uniqExact(keyword_key) AS fits
            FROM
            (
                SELECT d.site AS site, d.day AS day, d.place AS place, d.currency AS currency,
                    f.way AS way, f.keyword_key AS keyword_key
                FROM (SELECT DISTINCT site, day, place, toString(currency) AS currency FROM read) AS d
                INNER JOIN fits AS f ON d.site = f.site AND d.place = f.place
            )
            WHERE (site, day, keyword_key, currency) IN
                (SELECT site, day, keyword_key, currency FROM spent)
            GROUP BY site, day, place, way
        )
        GROUP BY site, day, place
        HAVING argMin(fits, way) = 1
    ),
    summed AS
    (
        SELECT r.site AS site, r.day AS day, toString(r.platform) AS platform,
            toString(r.currency) AS currency, toString(r.device) AS device,
            p.keyword_key AS keyword_key,
            trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(r.term)), '\\s+', ' ')) AS words,
            sum(r.impressions) AS impressions, sum(r.clicks) AS clicks, sum(r.cost) AS cost,
            toInt256(sum(r.cost) * 1000000) AS micros, sum(r.platform_conversions) AS conversions,
            sum(r.platform_value) AS value, toInt256(sum(r.platform_value) * 1000000) AS value_micros
        FROM read AS r
        INNER JOIN placed AS p ON r.site = p.site AND r.day = p.day AND r.place = p.place
        WHERE words != ''
        GROUP BY site, day, platform, currency, device, keyword_key, words
    )
SELECT t.site, t.day, {build:UInt64}, t.keyword_key, t.platform, t.device, t.words, t.impressions,
    t.clicks, CAST(t.cost AS Decimal(18, 6)),
    CAST(toDecimal128(intDiv(t.micros * s.site_micros * (s.micros != 0),
        if(s.micros = 0, 1, s.micros)), 6) / 1000000 AS Nullable(Decimal(18, 6))),
    CAST(toDecimal128(intDiv(t.micros * s.adjusted_micros * (s.micros != 0),
        if(s.micros = 0, 1, s.micros)), 6) / 1000000 AS Nullable(Decimal(18, 6))),
    CAST(if(s.reports, t.conversions, NULL) AS Nullable(Decimal(18, 6))),
    CAST(if(s.value_micros IS NULL, NULL, t.value) AS Nullable(Decimal(18, 6))),
    CAST(toDecimal128(intDiv(t.value_micros * s.value_site_micros * (s.value_micros != 0),
        if(s.value_micros = 0, 1, s.value_micros)), 6) / 1000000 AS Nullable(Decimal(18, 6)))
FROM summed AS t
INNER JOIN spent AS s ON t.site = s.site AND t.day = s.day AND t.keyword_key = s.keyword_key
    AND t.currency = s.currency
