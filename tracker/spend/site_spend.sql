-- Question: what did the accounts of these sites cost on these days, in the site's currency?
-- Grain: one row per (site, day, keyword, device, network, currency), into `site_spend`, for the
-- spend slices (site, day) of one build.
-- Parameters:
--   build     UInt64
--   sites     tuples (sites, tenant, currency)
--   accounts  tuples (site, tenant, platform, account, own): own = the account is the site's
--   campaigns tuples (tenant, platform, account, campaign, site): those given to a site of their own
--   days      tuples (site, day): the slices
--   rules     tuples (tenant, platform, account, day, factor, fee, currency): what its rules make
--             of a day's cost (1e-12) and add to it (1e-6 of the currency), where there are any
-- Part `gaps`: the accounts have totals.
-- A row counts when its pull is the published one of its (account, day, scope). The rate is that
-- of the spend's own day, or the inverse of the opposite one, rounded half away from zero to a
-- millionth; without a rate `cost_site` is null, unless there is nothing to convert, and so is more than
-- nine million million units, for which the tables have no place. The value of the platform's own
-- conversions is in the account's currency and converted like the cost.
-- What the platform's total of an account's day has above its rows (or below) is a row of its own,
-- reason `gap`, of the account's own site; a total older than the rows says nothing of them.
-- `adjusted` of an account's day is its cost times the factor, rounded once: its rows share that
-- by largest remainder. A fee is a row of its own, reason `account_fee`.
INSERT INTO site_spend
    (site, day, last_day, build, keyword_key, platform, account, device, network, impressions,
    clicks, cost, currency, cost_site, adjusted, adjusted_site, platform_conversions, platform_value,
    platform_value_site)
WITH
    info AS
    (
        SELECT arrayJoin(s.1) AS site, s.2 AS tenant, s.3 AS site_currency
        FROM (SELECT arrayJoin({sites:Array(Tuple(Array(String), String, String))}) AS s)
    ),
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
    slice_days AS
    (
        SELECT d.1 AS site, d.2 AS day
        FROM (SELECT arrayJoin({days:Array(Tuple(String, Date))}) AS d)
    ),
    ruled AS
    (
        SELECT r.1 AS tenant, r.2 AS platform, r.3 AS account, r.4 AS day,
            toInt256(r.5) AS factor, r.6 AS fee, r.7 AS currency, 1 AS found
        FROM (SELECT arrayJoin(
            {rules:Array(Tuple(String, String, String, Date, Int64, Int64, String))}) AS r)
    ),
    standing AS
    (
        SELECT tenant, platform, account, day, last_day, scope, argMax(pull, version) AS pull
        FROM spend_slices
        WHERE tenant IN (SELECT tenant FROM info)
        GROUP BY tenant, platform, account, day, last_day, scope
    ),
    spent AS
    (
        SELECT * FROM spend AS s
        WHERE s.tenant IN (SELECT tenant FROM info)
            AND s.day IN (SELECT day FROM slice_days)
            AND (s.tenant, s.platform, s.account) IN
                (SELECT tenant, platform, account FROM linked)
            AND (s.tenant, s.platform, s.account, s.day, s.last_day, s.scope, s.pull) IN
                (SELECT tenant, platform, account, day, last_day, scope, pull FROM standing)
    ),
    counted AS
    (
        SELECT l.site AS site, s.tenant AS tenant, s.platform AS platform, s.account AS account,
            s.day AS day, s.last_day AS last_day, toString(s.kind) AS kind,
            toString(s.reason) AS reason, toString(s.campaign_id) AS campaign_id,
            toString(s.campaign) AS campaign, toString(s.ad_group_id) AS ad_group_id,
            toString(s.ad_group) AS ad_group, toString(s.keyword_id) AS keyword_id,
            toString(s.keyword) AS keyword, toString(s.match_type) AS match_type,
            toString(s.device) AS device, toString(s.network) AS network,
            s.impressions AS impressions, s.clicks AS clicks, toDecimal128(s.cost, 6) AS cost,
            toString(s.currency) AS currency, s.platform_conversions AS platform_conversions,
            s.platform_value AS platform_value, toInt64(0) AS fee
        FROM spent AS s
        INNER JOIN linked AS l
            ON s.tenant = l.tenant AND s.platform = l.platform AND s.account = l.account
        LEFT JOIN given AS g
            ON s.tenant = g.tenant AND s.platform = g.platform AND s.account = g.account
            AND if(s.campaign_id = '', toString(s.campaign), toString(s.campaign_id)) = g.campaign
        WHERE (l.site, s.day) IN (SELECT site, day FROM slice_days)
            AND if(g.site = '', l.own, g.site = l.site)
    ),
    -- if gaps
    totals AS
    (
        SELECT tenant, platform, account, day, pull, impressions, clicks, cost, currency
        FROM account_totals
        WHERE tenant IN (SELECT tenant FROM info) AND day IN (SELECT day FROM slice_days)
            AND (tenant, platform, account, day, pull) IN
            (
                SELECT tenant, platform, account, day, argMax(pull, version)
                FROM fact_slices
                WHERE tenant IN (SELECT tenant FROM info) AND fact = 'account_totals'
                    AND day IN (SELECT day FROM slice_days)
                GROUP BY tenant, platform, account, day
            )
    ),
    told AS
    (
        SELECT p.tenant AS tenant, p.platform AS platform, p.account AS account, p.day AS day,
            max(p.pull) AS newest
        FROM standing AS p
        WHERE p.pull > 0 AND p.day IN (SELECT day FROM slice_days)
        GROUP BY tenant, platform, account, day
    ),
    spans AS
    (
        SELECT DISTINCT p.tenant AS tenant, p.platform AS platform, p.account AS account, d.day AS day
        FROM standing AS p CROSS JOIN (SELECT DISTINCT day FROM slice_days) AS d
        WHERE p.pull > 0 AND p.last_day > p.day AND d.day BETWEEN p.day AND p.last_day
    ),
    shown AS
    (
        SELECT s.tenant AS tenant, s.platform AS platform, s.account AS account, s.day AS day,
            sum(s.impressions) AS impressions, sum(s.clicks) AS clicks, sum(s.cost) AS cost,
            uniqExact(s.currency) AS currencies, any(s.currency) AS currency
        FROM spent AS s
        WHERE s.last_day = s.day
            AND (s.tenant, s.platform, s.account, s.day) IN
                (SELECT tenant, platform, account, day FROM totals)
        GROUP BY tenant, platform, account, day
    ),
    gaps AS
    (
        SELECT t.tenant AS tenant, t.platform AS platform, t.account AS account, t.day AS day,
            toUInt64(if(t.impressions > s.impressions, t.impressions - s.impressions, 0)) AS impressions,
            toUInt64(if(t.clicks > s.clicks, t.clicks - s.clicks, 0)) AS clicks,
            toDecimal128(t.cost, 6) - toDecimal128(s.cost, 6) AS cost, toString(t.currency) AS currency
        FROM totals AS t
        INNER JOIN told AS k ON t.tenant = k.tenant AND t.platform = k.platform
            AND t.account = k.account AND t.day = k.day
        LEFT JOIN shown AS s ON t.tenant = s.tenant AND t.platform = s.platform
            AND t.account = s.account AND t.day = s.day
        WHERE t.pull > k.newest AND t.cost != s.cost
            AND (s.currencies = 0 OR (s.currencies = 1 AND s.currency = t.currency))
            AND (t.tenant, t.platform, t.account, t.day) NOT IN
                (SELECT tenant, platform, account, day FROM spans)
    ),
    gap_rows AS
    (
        SELECT l.site, g.tenant, g.platform, g.account, g.day, g.day, 'unallocated', 'gap', '', '',
            '', '', '', '', '', '', '', g.impressions, g.clicks, g.cost, g.currency, NULL, NULL,
            toInt64(0)
        FROM gaps AS g
        INNER JOIN linked AS l
            ON g.tenant = l.tenant AND g.platform = l.platform AND g.account = l.account
        WHERE l.own AND (l.site, g.day) IN (SELECT site, day FROM slice_days)
    ),
    -- end
    rows AS
    (
        SELECT * FROM counted
        -- if gaps
        UNION ALL
        SELECT * FROM gap_rows
        -- end
        UNION ALL
        SELECT l.site, f.tenant, f.platform, f.account, f.day, f.day, 'unallocated', 'account_fee', '', '',
            '', '', '', '', '', '', '', toUInt64(0), toUInt64(0), toDecimal128(0, 6), f.currency,
            NULL, NULL, f.fee
        FROM ruled AS f
        INNER JOIN linked AS l
            ON f.tenant = l.tenant AND f.platform = l.platform AND f.account = l.account
        WHERE l.own AND f.fee != 0 AND (l.site, f.day) IN (SELECT site, day FROM slice_days)
    ),
    direct AS (SELECT tenant, day, base, quote, rate FROM rates FINAL),
    summed AS
    (
        SELECT site, tenant, day, last_day, platform, account, device, network, currency,
            multiIf(
                kind != 'keyword', cityHash64(platform, account, kind, reason, campaign_id,
                    if(campaign_id = '', trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(campaign)), '\\s+', ' ')), '')),
                keyword_id != '', cityHash64(platform, account, if(ad_group_id = '',
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(ad_group)), '\\s+', ' ')), ad_group_id), keyword_id),
                cityHash64(platform, account,
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(campaign)), '\\s+', ' ')),
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(ad_group)), '\\s+', ' ')),
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(keyword)), '\\s+', ' ')),
                    match_type)) AS keyword_key,
            sum(impressions) AS impressions, sum(clicks) AS clicks, sum(cost) AS cost,
            sum(platform_conversions) AS platform_conversions,
            sum(platform_value) AS platform_value, sum(fee) AS fee
        FROM rows
        GROUP BY site, tenant, day, last_day, platform, account, device, network, currency,
            keyword_key
    ),
    scaled AS
    (
        SELECT s.*, toInt256(toDecimal128(s.cost, 6) * 1000000) AS micros,
            micros * if(r.found = 1, r.factor, toInt256(1000000000000)) AS pico,
            -- rounded down, also below zero
            intDiv(pico - if(pico < 0, 999999999999, 0), 1000000000000) AS whole,
            pico - whole * 1000000000000 AS rest
        FROM summed AS s
        LEFT JOIN ruled AS r ON r.tenant = s.tenant AND r.platform = s.platform
            AND r.account = s.account AND r.day = s.day
    ),
    adjusted AS
    (
        SELECT *,
            intDiv(sum(pico) OVER account_day + sign(sum(pico) OVER account_day) * 500000000000,
                1000000000000) - sum(whole) OVER account_day AS left_over,
            row_number() OVER (PARTITION BY site, tenant, platform, account, day, last_day, currency
                ORDER BY rest DESC, keyword_key, device, network) AS place,
            whole + (place <= left_over) + fee AS adjusted_micros
        FROM scaled
        WINDOW account_day AS (PARTITION BY site, tenant, platform, account, day, last_day, currency)
    ),
    priced AS
    (
        SELECT s.site AS site, s.day AS day, s.last_day AS last_day, s.keyword_key AS keyword_key,
            s.platform AS platform, s.account AS account, s.device AS device,
            s.network AS network, s.currency AS currency, s.impressions AS impressions,
            s.clicks AS clicks, s.cost AS cost, s.platform_conversions AS platform_conversions,
            s.platform_value AS platform_value, i.site_currency AS site_currency,
            s.micros AS micros, toInt256(s.adjusted_micros) AS adjusted_micros,
            toInt256(toDecimal128(r.rate, 9) * 1000000000) AS nano,
            toInt256(toDecimal128(q.rate, 9) * 1000000000) AS inverse_nano,
            s.currency = i.site_currency OR (micros = 0 AND s.adjusted_micros = 0) AS is_priced,
            multiIf(is_priced, micros,
                nano > 0, intDiv(micros * nano + sign(micros) * 500000000, 1000000000),
                inverse_nano > 0, intDiv(micros * 1000000000 + sign(micros)
                    * intDiv(inverse_nano, 2), inverse_nano),
                NULL) AS exact_micros,
            if(abs(exact_micros) > 9000000000000000000, NULL, exact_micros) AS site_micros,
            multiIf(is_priced, adjusted_micros,
                nano > 0, intDiv(adjusted_micros * nano + sign(adjusted_micros) * 500000000,
                    1000000000),
                inverse_nano > 0, intDiv(adjusted_micros * 1000000000 + sign(adjusted_micros)
                    * intDiv(inverse_nano, 2), inverse_nano),
                NULL) AS exact_adjusted,
            if(abs(exact_adjusted) > 9000000000000000000, NULL, exact_adjusted) AS adjusted_site_micros,
            toInt256(toDecimal128(s.platform_value, 6) * 1000000) AS value_micros,
            multiIf(s.currency = i.site_currency OR value_micros = 0, value_micros,
                nano > 0, intDiv(value_micros * nano + sign(value_micros) * 500000000, 1000000000),
                inverse_nano > 0, intDiv(value_micros * 1000000000 + sign(value_micros)
                    * intDiv(inverse_nano, 2), inverse_nano),
                NULL) AS exact_value,
            if(abs(exact_value) > 9000000000000000000, NULL, exact_value) AS value_site_micros
        FROM adjusted AS s
        INNER JOIN info AS i ON s.site = i.site
        LEFT JOIN direct AS r ON r.tenant = s.tenant AND r.day = s.day AND r.base = s.currency
            AND r.quote = i.site_currency
        LEFT JOIN direct AS q ON q.tenant = s.tenant AND q.day = s.day AND q.quote = s.currency
            AND q.base = i.site_currency
    )
SELECT site, day, last_day, {build:UInt64} AS build, keyword_key, platform, account, device,
    network, impressions, clicks, CAST(cost AS Decimal(18, 6)) AS cost, currency,
    -- NOTE: what stands behind a NULL is cast, too, and has to fit.
    if(site_micros IS NULL, NULL, CAST(toDecimal128(ifNull(site_micros, 0), 6) / 1000000 AS Decimal(18, 6)))
        AS cost_site,
    CAST(toDecimal128(greatest(least(adjusted_micros, 9000000000000000000), -9000000000000000000), 6) / 1000000
        AS Decimal(18, 6)) AS adjusted,
    if(adjusted_site_micros IS NULL, NULL,
        CAST(toDecimal128(ifNull(adjusted_site_micros, 0), 6) / 1000000 AS Decimal(18, 6))) AS adjusted_site,
    CAST(platform_conversions AS Nullable(Decimal(18, 6))) AS platform_conversions,
    CAST(platform_value AS Nullable(Decimal(18, 6))) AS platform_value,
    if(value_site_micros IS NULL, NULL,
        CAST(toDecimal128(ifNull(value_site_micros, 0), 6) / 1000000 AS Decimal(18, 6))) AS platform_value_site
FROM priced
