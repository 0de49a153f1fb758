-- Question: what did the accounts of these sites cost on these days, in the site's currency?
-- Grain: one row per (site, day, keyword, device, network, currency), into `site_spend`, for the
-- spend slices (site, day) of one build.
-- Parameters:
--   build    UInt64
--   sites    tuples (site, tenant, currency)
--   accounts tuples (site, tenant, platform, account)
--   days     tuples (site, day): the slices
-- A row counts when its pull is the published one of its (account, day, scope). The rate is that
-- of the spend's own day, or the inverse of the opposite one, rounded half away from zero to a
-- millionth; without a rate `cost_site` is null.
INSERT INTO site_spend
WITH
    info AS
    (
        SELECT s.1 AS site, s.2 AS tenant, s.3 AS site_currency
        FROM (SELECT arrayJoin({sites:Array(Tuple(String, String, String))}) AS s)
    ),
    linked AS
    (
        SELECT a.1 AS site, a.2 AS tenant, a.3 AS platform, a.4 AS account
        FROM (SELECT arrayJoin({accounts:Array(Tuple(String, String, String, String))}) AS a)
    ),
    slice_days AS
    (
        SELECT d.1 AS site, d.2 AS day
        FROM (SELECT arrayJoin({days:Array(Tuple(String, Date))}) AS d)
    ),
    standing AS
    (
        SELECT tenant, platform, account, day, last_day, scope, argMax(pull, version) AS pull
        FROM spend_slices
        WHERE tenant IN (SELECT tenant FROM info)
        GROUP BY tenant, platform, account, day, last_day, scope
    ),
    counted AS
    (
        SELECT l.site AS site, s.*
        FROM spend AS s
        INNER JOIN linked AS l
            ON s.tenant = l.tenant AND s.platform = l.platform AND s.account = l.account
        WHERE s.tenant IN (SELECT tenant FROM info)
            AND s.day IN (SELECT day FROM slice_days)
            AND (l.site, s.day) IN (SELECT site, day FROM slice_days)
            AND (s.tenant, s.platform, s.account, s.day, s.last_day, s.scope, s.pull) IN
                (SELECT tenant, platform, account, day, last_day, scope, pull FROM standing)
    ),
    direct AS (SELECT tenant, day, base, quote, rate FROM rates FINAL),
    summed AS
    (
        SELECT site, tenant, day, last_day, platform, account, device, network, currency,
            multiIf(
                kind != 'keyword', cityHash64(platform, account, kind, reason, campaign_id,
                    if(campaign_id = '', trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(campaign))), '\\s+', ' ')), '')),
                keyword_id != '', cityHash64(platform, account, if(ad_group_id = '',
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(ad_group))), '\\s+', ' ')), ad_group_id), keyword_id),
                cityHash64(platform, account,
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(campaign))), '\\s+', ' ')),
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(ad_group))), '\\s+', ' ')),
                    trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC(toString(keyword))), '\\s+', ' ')),
                    match_type)) AS keyword_key,
            sum(impressions) AS impressions, sum(clicks) AS clicks, sum(cost) AS cost,
            sum(platform_conversions) AS platform_conversions,
            sum(platform_value) AS platform_value
        FROM counted
        GROUP BY site, tenant, day, last_day, platform, account, device, network, currency,
            keyword_key
    ),
    priced AS
    (
        SELECT s.site AS site, s.day AS day, s.last_day AS last_day, s.keyword_key AS keyword_key,
            s.platform AS platform, s.account AS account, s.device AS device,
            s.network AS network, s.currency AS currency, s.impressions AS impressions,
            s.clicks AS clicks, s.cost AS cost, s.platform_conversions AS platform_conversions,
            s.platform_value AS platform_value, i.site_currency AS site_currency,
            toInt256(toDecimal128(s.cost, 6) * 1000000) AS micros,
            toInt256(toDecimal128(r.rate, 9) * 1000000000) AS nano,
            toInt256(toDecimal128(q.rate, 9) * 1000000000) AS inverse_nano,
            multiIf(s.currency = i.site_currency, micros,
                nano > 0, intDiv(micros * nano + sign(micros) * 500000000, 1000000000),
                inverse_nano > 0, intDiv(micros * 1000000000 + sign(micros)
                    * intDiv(inverse_nano, 2), inverse_nano),
                NULL) AS site_micros
        FROM summed AS s
        INNER JOIN info AS i ON s.site = i.site
        LEFT JOIN direct AS r ON r.tenant = s.tenant AND r.day = s.day AND r.base = s.currency
            AND r.quote = i.site_currency
        LEFT JOIN direct AS q ON q.tenant = s.tenant AND q.day = s.day AND q.quote = s.currency
            AND q.base = i.site_currency
    )
SELECT site, day, last_day, {build:UInt64} AS build, keyword_key, platform, account, device,
    network, impressions, clicks, CAST(cost AS Decimal(18, 6)) AS cost, currency,
    CAST(toDecimal128(site_micros, 6) / 1000000 AS Nullable(Decimal(18, 6))) AS cost_site,
    CAST(platform_conversions AS Nullable(Decimal(18, 6))) AS platform_conversions,
    CAST(platform_value AS Nullable(Decimal(18, 6))) AS platform_value
FROM priced
