-- Question: which conversions happened on these days, whose are they, and what are they worth?
-- Grain: one row per conversion, into `conversions`, for the credit slices (site, day) of a build.
-- Parameters:
--   build  UInt64
--   sites  tuples (site, tenant, currency)
--   days   tuples (site, day, begin, finish): the slices, bounds in UTC
--   fresh  tuples (site, day, bucket): visit slices that this build has rebuilt, not yet published
--   goals  tuples (site, goal, is path, pattern or event name, fixed value or null, its currency,
--          takes the event's value where it has one, counting: every | visit)
--
-- An offline conversion is matched by visitor id, click id (the first visitor who brought it),
-- visit code (the latest visit with it before the conversion), e-mail, phone. The source that it
-- brought itself counts where no visit is found. The stages of a lead share the identity and the
-- path time of its first stage. A value keeps its currency; `value_site` is its value in the
-- site's by the rate of the conversion's own day (or the inverse of the opposite one), rounded
-- half away from zero to a millionth; without a rate it is null and `rate_missing` is set.
INSERT INTO conversions
WITH
    info AS
    (
        SELECT s.1 AS site, s.2 AS tenant, s.3 AS site_currency
        FROM (SELECT arrayJoin({sites:Array(Tuple(String, String, String))}) AS s)
    ),
    calendar AS
    (
        SELECT d.1 AS site, d.2 AS day, d.3 AS begin, d.4 AS finish
        FROM (SELECT arrayJoin({days:Array(Tuple(String, Date, DateTime64(3, 'UTC'),
            DateTime64(3, 'UTC')))}) AS d)
    ),
    rules AS
    (
        SELECT g.1 AS site, g.2 AS goal, g.3 AS is_path, g.4 AS pattern, g.5 AS fixed_value,
            g.6 AS fixed_currency, g.7 AS takes_event_value, g.8 AS counting
        FROM (SELECT arrayJoin({goals:Array(Tuple(String, String, Bool, String,
            Nullable(Decimal(18, 6)), String, Bool, String))}) AS g)
    ),
    live AS
    (
        SELECT site, day, bucket, max(build) AS build FROM
        (
            SELECT site, day, bucket, build FROM slices
            WHERE kind = 'visits' AND site IN (SELECT site FROM info)
            UNION ALL
            SELECT f.1, f.2, f.3, {build:UInt64}
            FROM (SELECT arrayJoin({fresh:Array(Tuple(String, Date, UInt16))}) AS f)
        )
        GROUP BY site, day, bucket
    ),
    by_goal AS
    (
        SELECT
            h.site AS site, h.day AS day, r.goal AS goal, h.visitor AS visitor,
            h.visit_id AS visit_id, h.time AS time, h.event_id AS event_id,
            r.takes_event_value AND h.value IS NOT NULL AS of_event,
            if(of_event, h.value, r.fixed_value) AS value,
            if(of_event, toString(h.currency), r.fixed_currency) AS currency,
            if(r.counting = 'visit', h.visit_id, cityHash64(h.event_id)) AS counted
        FROM hits AS h
        INNER JOIN rules AS r ON h.site = r.site
        WHERE h.site IN (SELECT site FROM info)
            AND (h.site, h.day) IN (SELECT site, day FROM calendar)
            AND (h.site, h.day, h.bucket, h.build) IN (SELECT site, day, bucket, build FROM live)
            AND if(r.is_path, h.name = 'pageview' AND match(h.path, r.pattern), h.name = r.pattern)
        ORDER BY h.site, r.goal, h.time, h.event_id
        LIMIT 1 BY h.site, r.goal, counted
    ),
    latest AS
    (
        SELECT site, external_id,
            argMax((stage, time, value, currency, lead, removed), version) AS fact,
            argMax((visitor, click_id, code, email_hash, phone_hash), version) AS contact,
            argMax(if(platform != '' OR landing_url != '', cityHash64(channel, platform,
                channel IN ('Paid Search', 'Paid Social', 'Paid Video', 'Paid Shopping',
                'Paid Other', 'Display', 'Cross-network'), source, medium, campaign, ad_group,
                keyword, match_type, '', campaign_id, ad_group_id, keyword_id, '', false), 0),
                version) AS brought
        FROM offline_conversions
        WHERE site IN (SELECT site FROM info)
        GROUP BY site, external_id
        HAVING NOT fact.6
    ),
    led AS
    (
        SELECT *,
            if(fact.5 = '', external_id, fact.5) AS lead_key,
            first_value((fact.2, contact, brought)) OVER (PARTITION BY site, fact.5 = '', lead_key
                ORDER BY fact.2, external_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS opening
        FROM latest
    ),
    offline AS
    (
        SELECT l.site AS site, c.day AS day, l.external_id AS external_id, l.fact.1 AS stage,
            l.fact.2 AS time, l.fact.3 AS value, toString(l.fact.4) AS currency, l.fact.5 AS lead,
            l.opening.1 AS path_time, l.opening.2.1 AS given_visitor, l.opening.2.2 AS click_id,
            l.opening.2.3 AS code, l.opening.2.4 AS email_hash, l.opening.2.5 AS phone_hash,
            l.opening.3 AS brought
        FROM led AS l
        ASOF INNER JOIN calendar AS c ON l.site = c.site AND l.fact.2 >= c.begin
        WHERE l.fact.2 < c.finish
    ),
    clicks AS
    (
        SELECT site, click_id, argMin((visitor, visit_id), (time, event_id)) AS hit
        FROM hits
        WHERE site IN (SELECT site FROM offline WHERE click_id != '')
            AND (site, click_id) IN (SELECT site, click_id FROM offline WHERE click_id != '')
            AND (site, day, bucket, build) IN (SELECT site, day, bucket, build FROM live)
        GROUP BY site, click_id
    ),
    codes AS
    (
        SELECT site, code, visitor, visit_id, time
        FROM hits
        WHERE site IN (SELECT site FROM offline WHERE code != '')
            AND (site, code) IN (SELECT site, code FROM offline WHERE code != '')
            AND (site, day, bucket, build) IN (SELECT site, day, bucket, build FROM live)
    ),
    contacts AS
    (
        SELECT site, toString(hash) AS hash, argMin(visitor, (time, visitor)) AS visitor
        FROM identities
        WHERE site IN (SELECT site FROM info)
        GROUP BY site, hash
    ),
    people AS
    (
        SELECT site, visitor, cityHash64('person', argMin(hash, (kind, time, hash))) AS person
        FROM identities
        WHERE site IN (SELECT site FROM info)
        GROUP BY site, visitor
    ),
    matched_offline AS
    (
        SELECT o.site AS site, o.day AS day, o.external_id AS external_id, o.stage AS stage,
            o.time AS time, o.value AS value, o.currency AS currency, o.lead AS lead,
            o.path_time AS path_time, o.brought AS brought,
            multiIf(o.given_visitor != 0, (o.given_visitor, toUInt64(0), 'visitor'),
                k.hit.1 != 0, (k.hit.1, k.hit.2, 'click_id'),
                v.visitor != 0, (v.visitor, v.visit_id, 'code'),
                e.visitor != 0, (e.visitor, toUInt64(0), 'email'),
                p.visitor != 0, (p.visitor, toUInt64(0), 'phone'),
                o.brought != 0, (toUInt64(0), toUInt64(0), 'platform'),
                (toUInt64(0), toUInt64(0), 'none')) AS whose
        FROM offline AS o
        LEFT JOIN clicks AS k ON o.site = k.site AND o.click_id = k.click_id
        ASOF LEFT JOIN codes AS v ON o.site = v.site AND o.code = v.code AND o.path_time >= v.time
        LEFT JOIN contacts AS e ON o.site = e.site AND o.email_hash = e.hash
        LEFT JOIN contacts AS p ON o.site = p.site AND o.phone_hash = p.hash
    ),
    everything AS
    (
        SELECT site, day, cityHash64(goal, counted) AS conversion_id, goal, 'goal' AS origin,
            '' AS external_id, '' AS lead, time, time AS path_time, visitor, visit_id,
            'visit' AS matched, value, currency, toUInt64(0) AS supplied_key
        FROM by_goal
        UNION ALL
        SELECT site, day, cityHash64('offline', external_id) AS conversion_id,
            concat('stage:', stage) AS goal, 'offline' AS origin, external_id, lead, time,
            path_time, whose.1 AS visitor, whose.2 AS visit_id, whose.3 AS matched, value,
            currency, brought AS supplied_key
        FROM matched_offline
    ),
    direct AS (SELECT tenant, day, base, quote, rate FROM rates FINAL),
    priced AS
    (
        SELECT a.site AS site, a.day AS day, a.conversion_id AS conversion_id, a.goal AS goal,
            a.origin AS origin, a.external_id AS external_id, a.lead AS lead, a.time AS time,
            a.path_time AS path_time, a.visitor AS visitor, a.visit_id AS visit_id,
            a.matched AS matched, a.value AS value, a.supplied_key AS supplied_key,
            i.site_currency AS site_currency,
            if(a.currency = '', i.site_currency, a.currency) AS paid_in,
            toInt256(toDecimal128(assumeNotNull(a.value), 6) * 1000000) AS micros,
            toInt256(toDecimal128(r.rate, 9) * 1000000000) AS nano,
            toInt256(toDecimal128(q.rate, 9) * 1000000000) AS inverse_nano,
            multiIf(a.value IS NULL, NULL, paid_in = site_currency, micros,
                nano > 0, intDiv(micros * nano + sign(micros) * 500000000, 1000000000),
                inverse_nano > 0, intDiv(micros * 1000000000 + sign(micros)
                    * intDiv(inverse_nano, 2), inverse_nano),
                NULL) AS site_micros
        FROM everything AS a
        INNER JOIN info AS i ON a.site = i.site
        LEFT JOIN direct AS r ON r.tenant = i.tenant AND r.day = a.day
            AND r.base = if(a.currency = '', i.site_currency, a.currency)
            AND r.quote = i.site_currency
        LEFT JOIN direct AS q ON q.tenant = i.tenant AND q.day = a.day
            AND q.quote = if(a.currency = '', i.site_currency, a.currency)
            AND q.base = i.site_currency
    )
SELECT
    t.site, t.day, {build:UInt64} AS build, t.conversion_id, t.goal, t.origin, t.external_id,
    t.lead, t.time, t.path_time, t.visitor,
    if(w.person != 0, w.person, t.visitor) AS person, t.visit_id, t.matched, t.value,
    t.paid_in AS currency,
    CAST(toDecimal128(t.site_micros, 6) / 1000000 AS Nullable(Decimal(18, 6))) AS value_site,
    t.value IS NOT NULL AND t.site_micros IS NULL AS rate_missing, t.supplied_key
FROM priced AS t
LEFT JOIN people AS w ON t.site = w.site AND t.visitor = w.visitor
