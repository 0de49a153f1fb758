-- Question: what happened on each day for each row of the keyword report?
-- Grain: several rows per (day, report row); a part of other statements, which sum it.
-- Columns: day, keyword_key (0 = none), reason, platform, then measures.
-- Parameters: site; asof UInt64 (the builds that count); first, last Date; model, goal ('' = all)
--   String; by_click Bool; filters: platform, search (normal form), brand (all|brand|non_brand)
--   String; brand_terms Array(String), lower case.
--
-- A visit is given to a keyword by the ids it has, then by the tag fields it has; several fits
-- leave it unattributed. Period rows of spend count in periods that hold them whole.
WITH
    published AS
    (
        SELECT kind, day, bucket, max(p.build) AS build FROM slices AS p
        WHERE site = {site:String} AND p.build <= {asof:UInt64}
        GROUP BY kind, day, bucket
    ),
    known AS
    (
        SELECT keyword_key, canonical_key, kind, reason, platform, campaign_id, ad_group_id,
            keyword_id, match_type, campaign_norm, ad_group_norm, keyword_norm
        FROM keywords
        WHERE site = {site:String} AND build IN
            (SELECT build FROM published WHERE kind = 'keywords')
    ),
    targets AS (SELECT * FROM known WHERE kind = 'keyword'),
    tagged AS
    (
        SELECT source_key, any(platform) AS platform, any(paid) AS paid,
            any(unexpanded) AS unexpanded, any(campaign) AS campaign,
            any(ad_group) AS ad_group, any(match_type) AS match_type,
            any(campaign_id) AS campaign_id, any(ad_group_id) AS ad_group_id,
            any(keyword_id) AS keyword_id, any(campaign_norm) AS campaign_norm,
            any(ad_group_norm) AS ad_group_norm, any(keyword_norm) AS keyword_norm
        FROM sources
        WHERE site = {site:String}
        GROUP BY source_key
    ),
    by_id AS
    (
        SELECT s.source_key AS source_key, uniqExact(k.canonical_key) AS fits,
            any(k.canonical_key) AS fit
        FROM tagged AS s
        INNER JOIN targets AS k ON s.platform = k.platform AND s.keyword_id = k.keyword_id
        WHERE s.paid AND s.keyword_id != ''
            AND (s.ad_group_id = '' OR k.ad_group_id = '' OR s.ad_group_id = k.ad_group_id)
            AND (s.campaign_id = '' OR k.campaign_id = '' OR s.campaign_id = k.campaign_id)
        GROUP BY s.source_key
    ),
    by_tags AS
    (
        SELECT s.source_key AS source_key, uniqExact(k.canonical_key) AS fits,
            any(k.canonical_key) AS fit,
            uniqExactIf(k.canonical_key, k.match_type = s.match_type) AS same_match_fits,
            anyIf(k.canonical_key, k.match_type = s.match_type) AS same_match_fit
        FROM tagged AS s
        INNER JOIN targets AS k ON s.platform = k.platform AND s.keyword_norm = k.keyword_norm
        WHERE s.paid AND s.keyword_norm != ''
            AND (s.campaign_norm = '' OR s.campaign_norm = k.campaign_norm
                OR (k.campaign_id != '' AND s.campaign = k.campaign_id))
            AND (s.ad_group_norm = '' OR s.ad_group_norm = k.ad_group_norm
                OR (k.ad_group_id != '' AND s.ad_group = k.ad_group_id))
            AND (s.ad_group_id = '' OR k.ad_group_id = '' OR s.ad_group_id = k.ad_group_id)
            AND (s.campaign_id = '' OR k.campaign_id = '' OR s.campaign_id = k.campaign_id)
        GROUP BY s.source_key
    ),
    resolved AS
    (
        SELECT s.source_key AS source_key, s.platform AS platform, s.paid AS paid,
            multiIf(NOT s.paid, 0, i.fits = 1, i.fit, i.fits > 1, 0, t.fits = 1, t.fit,
                t.fits > 1 AND t.same_match_fits = 1, t.same_match_fit, 0) AS keyword_key,
            multiIf(keyword_key != 0, '', NOT s.paid, 'not_paid', i.fits > 1 OR t.fits > 1,
                'ambiguous', s.keyword_norm = '' AND s.keyword_id = '' AND s.unexpanded,
                'unexpanded_macro', s.keyword_norm = '' AND s.keyword_id = '', 'no_tag',
                'unknown_keyword') AS reason
        FROM tagged AS s
        LEFT JOIN by_id AS i ON s.source_key = i.source_key
        LEFT JOIN by_tags AS t ON s.source_key = t.source_key
    ),
    tracked AS
    (
        SELECT DISTINCT day FROM visits
        WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}
            AND (day, bucket, build) IN
                (SELECT day, bucket, build FROM published WHERE kind = 'visits')
    ),
    visited AS
    (
        SELECT day, source_key, count() AS visits,
            uniqExactStateIf(if(click_id != '', cityHash64(click_id),
                cityHash64(visitor, intDiv(toUnixTimestamp64Milli(start), 1800000))),
                touch AND paid) AS arrived
        FROM visits
        WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}
            AND (day, bucket, build) IN
                (SELECT day, bucket, build FROM published WHERE kind = 'visits')
        GROUP BY day, source_key
    ),
    earned AS
    (
        SELECT if({by_click:Bool}, touch_day, day) AS at, source_key,
            sum(toInt64(c.weight)) AS weight, sum(c.amount) AS amount,
            countIf(c.rate_missing) AS unpriced,
            sumIf(toInt64(c.weight), c.has_value) AS valued_weight
        FROM credits AS c
        WHERE site = {site:String} AND model = {model:String} AND day >= {first:Date}
            AND if({by_click:Bool}, touch_day, day) BETWEEN {first:Date} AND {last:Date}
            AND ({goal:String} = '' OR goal = {goal:String})
            AND (day, build) IN (SELECT day, build FROM published WHERE kind = 'credits')
        GROUP BY at, source_key
    ),
    spent AS
    (
        SELECT s.day AS day, k.canonical_key AS keyword_key, k.kind AS kind, k.reason AS reason,
            k.platform AS platform, s.impressions AS impressions, s.clicks AS clicks,
            s.cost_site AS cost, s.cost_site IS NULL AS unpriced,
            s.day IN (SELECT day FROM tracked) AS is_tracked
        FROM site_spend AS s
        INNER JOIN known AS k ON s.keyword_key = k.keyword_key
        WHERE s.site = {site:String} AND s.day >= {first:Date} AND s.last_day <= {last:Date}
            AND (s.day, s.build) IN (SELECT day, build FROM published WHERE kind = 'spend')
    ),
    facts AS
    (
        SELECT v.day AS day, r.keyword_key AS keyword_key, r.reason AS reason,
            toString(r.platform) AS platform, 'visits' AS part, v.visits AS visits,
            v.arrived AS arrived, toInt64(0) AS weight, toInt64(0) AS amount,
            toInt64(0) AS valued_weight, toUInt64(0) AS unpriced_value,
            toUInt64(0) AS impressions, toUInt64(0) AS clicks, toInt64(0) AS cost,
            toInt64(0) AS untracked_cost, toUInt64(0) AS unpriced_cost,
            if(r.paid, v.visits, 0) AS paid_visits, toUInt64(0) AS spend_rows
        FROM visited AS v INNER JOIN resolved AS r ON v.source_key = r.source_key
        UNION ALL
        SELECT e.at, r.keyword_key, if(e.source_key = 0, 'no_touch', r.reason),
            toString(r.platform), 'credits', 0,
            arrayReduce('uniqExactState', emptyArrayUInt64()), e.weight, e.amount,
            e.valued_weight, e.unpriced, 0, 0, 0, 0, 0, 0, 0
        FROM earned AS e LEFT JOIN resolved AS r ON e.source_key = r.source_key
        UNION ALL
        SELECT day, keyword_key, if(kind = 'keyword', '', reason),
            toString(platform), 'spend', 0, arrayReduce('uniqExactState', emptyArrayUInt64()),
            0, 0, 0, 0, impressions, clicks,
            toInt64(ifNull(toDecimal128(cost, 6) * 1000000, 0)),
            if(is_tracked, 0, toInt64(ifNull(toDecimal128(cost, 6) * 1000000, 0))),
            toUInt64(unpriced), 0, 1
        FROM spent
    ),
    named AS
    (
        SELECT canonical_key, max(positionUTF8(keyword_norm, {search:String}) > 0
                OR positionUTF8(campaign_norm, {search:String}) > 0
                OR positionUTF8(ad_group_norm, {search:String}) > 0) AS found,
            max(kind = 'keyword' AND multiSearchAny(keyword_norm, {brand_terms:Array(String)})) AS is_brand
        FROM known
        GROUP BY canonical_key
    ),
    kept AS
    (
        SELECT f.*
        FROM facts AS f
        LEFT JOIN named AS n ON f.keyword_key = n.canonical_key
        WHERE ({platform:String} = '' OR f.platform = {platform:String})
            AND ({search:String} = '' OR (f.keyword_key != 0 AND n.found))
            AND ({brand:String} = 'all' OR (f.keyword_key != 0
                AND n.is_brand = ({brand:String} = 'brand')))
    )
