-- Question: which conversions happened on these days, whose are they, and what are they worth?
-- Grain: one row per conversion, into `conversions`, for the credit slices (site, day) of a build.
-- Parts: of one origin, `goals` or `stages` (of leads); of goals those of one kind, `plain`, `props`
-- (they look at properties) or `engaged`; `history` (one is counted once a person); `people` (visitors
-- of the sites are joined into people; stages need it); `rates` (the tenants have rates); `looked` (of
-- stages: `clicked` has rows of their click ids); `click_ids`, `codes`, `order_ids`, `emails`, `phones`,
-- `users` (leads of the sites have any); `valued` (any may have a value; stages need it); `groups`
-- (sites have margins of product groups).
-- Parameters:
--   build  UInt64
--   sites  tuples (sites, tenant, currency, tax that values include, in 1e-6); names Array(String): these sites
--   days   tuples (sites, first day, instants): the slices as runs of days; where each day begins and,
--          last, where the run ends, in seconds since 1970
--   first, last Date: the first and the last of these days
--   fresh  tuples (sites, buckets, first day, days): visit slices that this build has rebuilt, not yet
--          published, as runs of days
--   goals  tuples (pairs of site and goal that look for the same, event name, pattern ('' = any),
--          property that the pattern is for ('' = the path), filters (property, operator, value), fixed
--          value or null, its currency, takes the event's value where it has one, counting: every | visit |
--          person, ms of engagement, depth in per cent, primary). With either of these two it is an
--          engagement goal: reached by the event with which a visit has both, once a visit at most.
--   events Array(String): names of the events that they look for; whole Array(String): sites of goals that
--          are counted once a person, of part `history`
--   orders tuples (site, stage): stages that mean an order
--   zones  tuples (sites, time zone), of part `stages`
--   customers Array(String): sites whose repeat orders belong to the path of the first one
--
--   retry_days UInt16: for how long after it was entered a conversion is tried
--   stage_names Array(String) SITE:STAGE, stage_ranks Array(UInt8): which value of a lead is revenue:
--          1 order, 2 shipped, 3 payment, 4 other (also stages not listed), 9 never
--
--   group_names Array(String) SITE:GROUP in lower case, group_margins Array(Int64) in 1e-6, of part
--          `groups`
--
-- Totals of all goals: a primary goal counts and earns. Of the stages of a lead the first counts, and
-- those of the lowest rank of which one has a value earn, so that an order and its payment are one
-- conversion with one value. What is given back (a stage of less than 0) is taken off whatever its stage,
-- and is no conversion: it never counts, and is no order. An event that reaches a goal counts whatever its value.
--
-- A goal counted once a person looks at the whole history of its site; the first event stands.
-- An offline conversion is matched by its lead (one without is a lead that its id names): by visitor id, click id (the first visitor who
-- brought it, or he who consented then), visit code (the latest visit with it before the lead began), the order id of an
-- event, e-mail, phone, user id. Of each the lead's earliest stage that has one speaks. What the
-- platform's look-up says of its click id (`clicked`, of this build), or the source that it brought
-- itself, counts where no visit is found: `supplied_time` is the end of the click's day, or the path's.
-- A look-up of a click after the lead, or on another platform than it brought, says nothing. A lead is tried for `retry_days` after its
-- last stage or correction was entered: a visit, an order or a contact of later than that gives it
-- to nobody (by its own time, so that late and imported events change nothing). The stages of a lead share its identity
-- and its path time, that of its first stage. On sites of `customers` a lead that began after its
-- person's first order has the path of the lead with that order, and its goal says repeat:STAGE.
-- A value stays as it was given, with the tax that it includes (`tax_rate`: that of the fact, else the
-- site's; 0 without a value). `value_site` is what counts: the net value, value / (1 + tax rate),
-- rounded half away from zero to a millionth, in the
-- site's currency by the rate of the conversion's own day (or the inverse of the opposite one), rounded
-- half away from zero to a millionth; without a rate it is null and `rate_missing` is set, unless
-- there is nothing to convert, neither value nor cost. An amount of more than nine million million
-- units has no place in the tables and is left out, as whoever sends one would stop every build.
-- `gain_site` is the gain before ads that a conversion has of its own: by the cost of its order (net, in
-- the value's currency, converted as it is) value_site less that cost; else by its product group
-- value_site times the group's margin, rounded as above. What is given back takes both off: of a value
-- below 0 the cost is that of goods which came back; without one, of a refund in the currency of the latest stage
-- with a cost of those of the lead that earn, as much of that as it gives back of its value. A stage without a group has that
-- of the latest before it in its lead, else the first. Null where the site's margin decides. An event has
-- both as properties; of one whose value does not count the group alone, and what cannot be read is left out.
-- A cost that a browser has computed, such as 3.3000000000000003 or 1e-05, is rounded half up to a millionth.
INSERT INTO conversions (site, day, build, conversion_id, goal, origin, external_id, lead, time,
    path_time, visitor, person, visit_id, matched, value, currency, tax_rate, value_site,
    product_group, order_cost, gain_site, rate_missing,
    supplied_key, counts, earns, tried_until, supplied_tag, supplied_click, supplied_time, supplied_day)
WITH
    info AS
    (
        SELECT arrayJoin(s.1) AS site, s.2 AS tenant, s.3 AS site_currency, s.4 AS site_tax
        FROM (SELECT arrayJoin({sites:Array(Tuple(Array(String), String, String, Int64))}) AS s)
    ),
    calendar AS
    (
        SELECT arrayJoin(run.1) AS site, run.2 + n AS day, toDateTime64(run.3[n + 1], 3, 'UTC') AS begin,
            toDateTime64(run.3[n + 2], 3, 'UTC') AS finish
        FROM (SELECT arrayJoin({days:Array(Tuple(Array(String), Date, Array(Int64)))}) AS run)
        ARRAY JOIN range(length(run.3) - 1) AS n
    ),
    -- if goals
    rules AS
    (
        -- NOTE: named once below, as each time reads the parameter again.
        SELECT pair.1 AS site, pair.2 AS goal, g.2 AS event, g.3 AS pattern, g.4 AS subject,
            g.5 AS filters, g.6 AS fixed_value, g.7 AS fixed_currency, g.8 AS takes_event_value,
            g.9 AS counting, g.10 AS engaged, g.11 AS depth, g.12 AS is_primary
        FROM (SELECT arrayJoin({goals:Array(Tuple(Array(Tuple(String, String)), String, String, String,
            Array(Tuple(String, String, String)), Nullable(Decimal(18, 6)), String, Bool, String,
            UInt64, UInt64, Bool))}) AS g)
        ARRAY JOIN g.1 AS pair
    ),
    -- end
    live AS
    (
        SELECT site, day, bucket, max(build) AS build FROM
        (
            SELECT site, day, bucket, build FROM slices
            WHERE kind = 'visits' AND site IN {names:Array(String)}
                -- if goals
                -- unless history
                AND day BETWEEN {first:Date} AND {last:Date}
                -- end
                -- end
            UNION ALL
            SELECT arrayJoin(f.1), f.3 + arrayJoin(range(f.4)), arrayJoin(f.2), {build:UInt64}
            FROM (SELECT arrayJoin({fresh:Array(Tuple(Array(String), Array(UInt16), Date, UInt16))}) AS f)
        )
        GROUP BY site, day, bucket
    ),
    -- if people
    people AS
    (
        SELECT p.site AS site, p.visitor AS visitor, argMax(p.person, p.version) AS person
        FROM person_members AS p
        WHERE p.site IN {names:Array(String)}
        GROUP BY site, visitor
    ),
    -- end
    -- if goals
    candidates AS
    (
        SELECT h.site AS site, h.day AS day, h.visitor AS visitor, h.visit_id AS visit_id, h.time AS time,
            h.event_id AS event_id, h.path AS path, h.props AS props, h.value AS event_value,
            toString(h.currency) AS event_currency, r.goal AS goal, r.pattern AS pattern,
            r.subject AS subject, r.fixed_value AS fixed_value,
            r.fixed_currency AS fixed_currency, r.takes_event_value AS takes_event_value,
            r.counting AS counting, r.engaged AS engaged, r.depth AS depth, r.is_primary AS is_primary
        FROM hits AS h
        INNER JOIN rules AS r ON h.site = r.site AND h.name = r.event
        WHERE h.site IN {names:Array(String)} AND h.name IN {events:Array(String)}
            AND (h.site, h.day, h.bucket, h.build) IN (SELECT site, day, bucket, build FROM live)
            -- if history
            AND ((h.site, h.day) IN (SELECT site, day FROM calendar) OR h.site IN {whole:Array(String)})
            -- end
            -- unless history
            AND (h.site, h.day) IN (SELECT site, day FROM calendar)
            -- end
            -- unless plain
            AND arrayAll(f -> multiIf(
                f.2 = 'is', h.props[f.1] = f.3,
                f.2 = 'is_not', h.props[f.1] != f.3,
                f.2 = 'contains', position(h.props[f.1], f.3) > 0,
                f.2 = 'in', has(splitByChar('|', f.3), h.props[f.1]),
                f.2 = 'at_least', toFloat64OrNull(h.props[f.1]) >= toFloat64OrZero(f.3),
                f.2 = 'at_most', toFloat64OrNull(h.props[f.1]) <= toFloat64OrZero(f.3),
                false), r.filters)
            -- end
    ),
    reached AS
    (
        -- if plain
        SELECT *, takes_event_value AND event_value IS NOT NULL AS of_event
        FROM candidates
        WHERE pattern = '' OR match(path, pattern)
        -- end
        -- if props
        SELECT *, takes_event_value AND event_value IS NOT NULL AS of_event
        FROM candidates
        WHERE pattern = '' OR match(if(subject = '', path, props[subject]), pattern)
        -- end
        -- if engaged
        SELECT * REPLACE(if(counting = 'person', 'person', 'visit') AS counting), false AS of_event
        FROM
        (
            SELECT *, sum(toUInt64OrZero(props['ms'])) OVER before AS seen,
                max(toUInt64OrZero(props['depth'])) OVER before AS deepest
            FROM candidates
            WINDOW before AS (PARTITION BY site, goal, visit_id ORDER BY time, event_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        )
        WHERE seen >= engaged AND deepest >= depth
        -- end
    ),
    by_goal AS
    (
        SELECT c.site AS site, c.day AS day, c.goal AS goal, c.visitor AS visitor,
            c.visit_id AS visit_id, c.time AS time, c.event_id AS event_id,
            if(c.of_event, c.event_value, c.fixed_value) AS value,
            if(c.of_event, c.event_currency, c.fixed_currency) AS currency, c.is_primary AS is_primary,
            -- if valued
            if(lengthUTF8(c.props['product_group']) <= 100,
                trimBoth(replaceRegexpAll(c.props['product_group'], '\\s+', ' ')), '') AS product_group,
            CAST(round(toDecimal256OrNull(if(c.of_event, extract(c.props['order_cost'],
                '^[0-9]{1,12}(?:[.][0-9]+)?(?:e-[0-9]{1,3})?$'), ''), 40), 6)
                AS Nullable(Decimal(38, 6))) AS order_cost,
            -- end
            -- unless valued
            '' AS product_group, CAST(NULL AS Nullable(Decimal(38, 6))) AS order_cost,
            -- end
            multiIf(c.counting = 'visit', c.visit_id,
                -- if people
                c.counting = 'person' AND p.person != 0, p.person,
                -- end
                c.counting = 'person', c.visitor,
                cityHash64(c.event_id)) AS counted
        FROM reached AS c
        -- if people
        LEFT JOIN people AS p ON c.site = p.site AND c.visitor = p.visitor
        -- end
        ORDER BY c.site, c.goal, c.time, c.event_id
        LIMIT 1 BY c.site, c.goal, counted
    ),
    found AS
    (
        SELECT site, day, cityHash64(goal, counted) AS conversion_id, goal, 'goal' AS origin,
            '' AS external_id, '' AS lead, time, time AS path_time, visitor, visit_id,
            'visit' AS matched, value, currency, CAST(NULL AS Nullable(Decimal(18, 6))) AS tax_rate, product_group,
            order_cost, toUInt64(0) AS supplied_key,
            is_primary AS counts, is_primary AS earns, time AS tried_until, toUInt64(0) AS supplied_tag, '' AS supplied_click,
            time AS supplied_time, day AS supplied_day
        FROM by_goal
        -- if history
        WHERE (site, day) IN (SELECT site, day FROM calendar)
        -- end
    ),
    -- end
    -- if stages
    zones AS
    (
        SELECT arrayJoin(z.1) AS site, z.2 AS zone
        FROM (SELECT arrayJoin({zones:Array(Tuple(Array(String), String))}) AS z)
    ),
    latest AS
    (
        SELECT site, external_id,
            argMax((stage, time, value, currency, lead, removed, tax_rate,
                toString(product_group), order_cost), version) AS fact,
            argMax((visitor, click_id, code, order_id, email_hash, phone_hash, user_hash), version)
                AS contact,
            argMax(if(platform != '' OR landing_url != '', cityHash64(channel, platform,
                channel IN ('Paid Search', 'Paid Social', 'Paid Video', 'Paid Shopping',
                'Paid Other', 'Display', 'Cross-network'), source, medium, campaign, ad_group,
                keyword, match_type, '', campaign_id, ad_group_id, keyword_id, '', false), 0),
                version) AS brought, argMax(toString(platform), version) AS brought_by, max(received) AS received
        FROM offline_conversions
        WHERE site IN {names:Array(String)}
        GROUP BY site, external_id
        HAVING NOT fact.6
    ),
    staged AS
    (
        SELECT l.site AS site, l.external_id AS external_id, l.fact.1 AS stage,
            l.fact.2 AS time, l.fact.3 AS value, toString(l.fact.4) AS currency, l.fact.7 AS tax_rate,
            l.fact.5 AS lead,
            if(lead = '', external_id, lead) AS lead_key,
            l.contact AS contact, (l.brought, l.brought_by) AS brought, l.received AS received, c.day AS day,
            (time, external_id) AS place,
            transform(concat(l.site, ':', stage), {stage_names:Array(String)},
                {stage_ranks:Array(UInt8)}, toUInt8(4)) AS rank,
            ifNull(l.fact.3 < 0, false) AS is_refund,
            l.fact.8 AS own_group, l.fact.9 AS own_cost,
            toInt256(toDecimal128(assumeNotNull(l.fact.3), 6) * 1000000) AS micros,
            l.fact.2 < c.finish AS wanted
        FROM latest AS l
        ASOF LEFT JOIN calendar AS c ON l.site = c.site AND l.fact.2 >= c.begin
    ),
    offline AS
    (
        SELECT *,
            NOT is_refund AND place = minIf(place, NOT is_refund) OVER lead_of AS counts,
            minIf(rank, ifNull(value >= 0, false) AND rank < 9) OVER lead_of AS earning,
            is_refund OR (rank < 9 AND rank = earning) AS earns,
            -- What a lead buys is said at one of its stages; of a refund, goods came back in proportion.
            argMaxIf(own_group, place, own_group != '') OVER lead_so_far AS group_before,
            multiIf(own_group != '', own_group, group_before != '', group_before,
                argMinIf(own_group, place, own_group != '') OVER lead_of) AS product_group,
            argMaxIf((micros, own_cost, currency, rank),
                (-toInt16(rank), place), ifNull(value > 0, false) AND own_cost IS NOT NULL) OVER lead_of AS costed
        FROM staged
        WINDOW lead_of AS (PARTITION BY site, lead_key),
            lead_so_far AS (PARTITION BY site, lead_key ORDER BY time, external_id)
    ),
    leads AS
    (
        SELECT o.site AS site, o.lead_key AS lead_key,
            -- What is given back is no stage, though it may be dated before the day of the order ends.
            if(max(NOT o.is_refund), minIf(o.time, NOT o.is_refund), min(o.time)) AS path_time,
            argMinIf(o.contact.1, o.place, o.contact.1 != 0) AS given_visitor,
            argMinIf(o.contact.2, o.place, o.contact.2 != '') AS click_id,
            argMinIf(toString(o.contact.3), o.place, o.contact.3 != '') AS code,
            argMinIf(o.contact.4, o.place, o.contact.4 != '') AS order_id,
            argMinIf(o.contact.5, o.place, o.contact.5 != '') AS email_hash,
            argMinIf(o.contact.6, o.place, o.contact.6 != '') AS phone_hash,
            argMinIf(o.contact.7, o.place, o.contact.7 != '') AS user_hash,
            argMinIf(o.brought, o.place, o.brought.1 != 0) AS brought,
            max(o.received) + toIntervalDay({retry_days:UInt16}) AS tried_until,
            minIf(o.time, NOT o.is_refund AND (o.site, o.stage) IN
                (SELECT r.1, r.2 FROM (SELECT arrayJoin({orders:Array(Tuple(String, String))}) AS r)))
                AS ordered,
            max(o.wanted) AS is_wanted
        FROM staged AS o
        GROUP BY o.site, o.lead_key
        HAVING is_wanted OR site IN {customers:Array(String)}
    ),
    -- NOTE: of all leads, whatever became of them: which of them count is planned once, in `matched`.
    lead_ids AS
    (
        SELECT site, click_id, code, order_id FROM offline_conversions WHERE site IN {names:Array(String)}
    ),
    -- if click_ids
    clicks AS
    (
        -- Whose it is says visits/clicked.sql, too.
        SELECT site, click_id, min(time) AS since,
            argMin(memory, (time, event_id)) != 'stored' AND countIf(name = 'consent') > 0
                AND minIf(time, name = 'consent') <= since + toIntervalMinute(30) AS is_given,
            if(is_given, argMinIf((visitor, visit_id), (time, event_id), name = 'consent'),
                argMin((visitor, visit_id), (time, event_id))) AS hit
        FROM hits
        WHERE site IN {names:Array(String)}
            AND (site, click_id) IN (SELECT site, click_id FROM lead_ids WHERE click_id != '')
            AND (site, day, bucket, build) IN (SELECT site, day, bucket, build FROM live)
        GROUP BY site, click_id
    ),
    -- end
    -- if codes
    codes AS
    (
        SELECT site, code, visitor, visit_id, time
        FROM hits
        WHERE site IN {names:Array(String)}
            AND (site, code) IN (SELECT site, code FROM lead_ids WHERE code != '')
            AND (site, day, bucket, build) IN (SELECT site, day, bucket, build FROM live)
    ),
    -- end
    -- if order_ids
    orders_seen AS
    (
        SELECT site, arrayFirst(v -> v != '', [props['order_id'], props['transaction_id'],
                props['order']]) AS order_id,
            argMin((visitor, visit_id), (time, event_id)) AS hit, min(time) AS since
        FROM hits
        WHERE site IN {names:Array(String)} AND name != 'pageview'
            AND (site, order_id) IN (SELECT site, order_id FROM lead_ids WHERE order_id != '')
            AND (site, day, bucket, build) IN (SELECT site, day, bucket, build FROM live)
        GROUP BY site, order_id
    ),
    -- end
    contacts AS
    (
        SELECT i.site AS site, toString(i.hash) AS hash, min(i.visitor) AS visitor, min(i.time) AS since
        FROM identities AS i
        WHERE i.site IN {names:Array(String)}
            AND (i.site, i.visitor, toString(i.hash)) NOT IN
                (SELECT p.site, p.visitor, p.node FROM person_members AS p
                WHERE p.site IN {names:Array(String)} AND p.node IN
                    (SELECT node FROM person_members WHERE site IN {names:Array(String)} AND NOT joined)
                GROUP BY p.site, p.visitor, p.node
                HAVING NOT argMax(p.joined, p.version))
        GROUP BY site, hash
    ),
    matched AS
    (
        SELECT l.site AS site, l.lead_key AS lead_key, l.path_time AS path_time,
            l.ordered AS ordered, l.tried_until AS tried_until,
            multiIf(l.given_visitor != 0, (l.given_visitor, toUInt64(0), 'visitor'),
                -- if click_ids
                k.hit.1 != 0 AND k.since <= l.tried_until, (k.hit.1, k.hit.2, 'click_id'),
                -- end
                -- if codes
                v.visitor != 0, (v.visitor, v.visit_id, 'code'),
                -- end
                -- if order_ids
                d.hit.1 != 0 AND d.since <= l.tried_until, (d.hit.1, d.hit.2, 'order_id'),
                -- end
                -- if emails
                e.visitor != 0 AND e.since <= l.tried_until, (e.visitor, toUInt64(0), 'email'),
                -- end
                -- if phones
                p.visitor != 0 AND p.since <= l.tried_until, (p.visitor, toUInt64(0), 'phone'),
                -- end
                -- if users
                u.visitor != 0 AND u.since <= l.tried_until, (u.visitor, toUInt64(0), 'user'),
                -- end
                told, (toUInt64(0), toUInt64(0), 'look_up'),
                l.brought.1 != 0, (toUInt64(0), toUInt64(0), 'platform'),
                (toUInt64(0), toUInt64(0), 'none')) AS whose,
            -- if looked
            x.looked AND (l.brought.1 = 0 OR l.brought.2 = x.platform)
                AND x.click_day <= toDate(l.path_time) + 1 AS told,
            if(told, (cityHash64(l.brought.1, toString(x.platform), x.campaign_id, x.ad_group_id,
                    x.keyword_id, x.match_type, x.keyword), l.brought.1, l.click_id,
                    least(l.path_time, toDateTime64(x.click_day + 1, 3, 'UTC') - toIntervalMillisecond(1)),
                    x.click_day),
                (l.brought.1, l.brought.1, '', l.path_time, toDate(0))) AS supplied
            -- end
            -- unless looked
            false AS told, (l.brought.1, l.brought.1, '', l.path_time, toDate(0)) AS supplied
            -- end
        FROM leads AS l
        -- if click_ids
        LEFT JOIN clicks AS k ON l.site = k.site AND l.click_id = k.click_id
        -- end
        -- if codes
        ASOF LEFT JOIN codes AS v ON l.site = v.site AND l.code = v.code AND l.path_time >= v.time
        -- end
        -- if order_ids
        LEFT JOIN orders_seen AS d ON l.site = d.site AND l.order_id = d.order_id
        -- end
        -- if emails
        LEFT JOIN contacts AS e ON l.site = e.site AND l.email_hash = e.hash
        -- end
        -- if phones
        LEFT JOIN contacts AS p ON l.site = p.site AND l.phone_hash = p.hash
        -- end
        -- if users
        LEFT JOIN contacts AS u ON l.site = u.site AND l.user_hash = u.hash
        -- end
        -- if looked
        LEFT JOIN (SELECT * FROM clicked WHERE site IN {names:Array(String)}
            AND build = {build:UInt64}) AS x ON l.site = x.site AND l.click_id = x.click_id
        -- end
    ),
    of_person AS
    (
        SELECT m.site AS site, m.lead_key AS lead_key, m.path_time AS path_time,
            m.supplied AS supplied, m.ordered AS ordered, m.tried_until AS tried_until, m.whose AS whose,
            if(w.person != 0, w.person, m.whose.1) AS person
        FROM matched AS m
        LEFT JOIN people AS w ON m.site = w.site AND m.whose.1 = w.visitor
    ),
    paths AS
    (
        SELECT m.site AS site, m.lead_key AS lead_key, m.tried_until AS tried_until,
            site IN {customers:Array(String)} AND person != 0
                AND m.ordered > toDateTime64(0, 3, 'UTC') AS buys,
            countIf(buys) OVER buyer > 0
                AND m.path_time > minIf(m.ordered, buys) OVER buyer AS repeats,
            if(repeats, argMinIf((m.path_time, m.supplied, m.whose), (m.ordered, m.lead_key), buys)
                OVER buyer, (m.path_time, m.supplied, m.whose)) AS path
        FROM of_person AS m
        WINDOW buyer AS (PARTITION BY m.site, m.person)
    ),
    matched_offline AS
    (
        SELECT o.site AS site, o.day AS day, o.external_id AS external_id, o.stage AS stage,
            o.time AS time, o.value AS value, o.currency AS currency, o.tax_rate AS tax_rate,
            o.product_group AS product_group, o.lead AS lead,
            intDivOrZero(toInt256(toDecimal128(o.costed.2, 6) * 1000000) * -o.micros + intDiv(o.costed.1, 2),
                o.costed.1) AS came_back,
            if(o.own_cost IS NULL AND o.is_refund AND o.costed.3 = o.currency AND o.costed.4 = o.earning
                    AND came_back <= 9000000000000000000,
                CAST(toDecimal128(least(came_back, 9000000000000000000), 6) / 1000000
                    AS Nullable(Decimal(18, 6))), o.own_cost) AS order_cost,
            o.counts AS counts, o.earns AS earns, p.repeats AS repeats, p.path.1 AS path_time,
            p.path.2 AS supplied, p.path.3 AS whose, p.tried_until AS tried_until
        FROM offline AS o
        INNER JOIN paths AS p ON o.site = p.site AND o.lead_key = p.lead_key
        WHERE o.wanted
    ),
    found AS
    (
        SELECT site, day, cityHash64('offline', external_id) AS conversion_id,
            concat(if(repeats, 'repeat:', 'stage:'), stage) AS goal, 'offline' AS origin, external_id, lead, time,
            path_time, whose.1 AS visitor, whose.2 AS visit_id, whose.3 AS matched, value,
            currency, tax_rate, product_group, order_cost, supplied.1 AS supplied_key, counts, earns, tried_until, supplied.2 AS supplied_tag,
            supplied.3 AS supplied_click, supplied.4 AS supplied_time,
            -- NOTE: of the days of a site, only the text of an instant takes a zone of each row.
            toDate(substring(toString(path_time, zone), 1, 10)) AS path_day,
            -- The account's day of the click may be the one after the site's of the conversion.
            if(supplied_click = '', path_day, least(path_day, supplied.5)) AS supplied_day
        FROM matched_offline
        INNER JOIN zones USING (site)
    ),
    -- end
    -- if rates
    direct AS (SELECT tenant, day, base, quote, rate FROM rates FINAL),
    -- end
    -- NOTE: in steps, because the engine plans what an alias stands for at each of its uses: in one step
    -- these amounts were thousands of expressions, and most of what the statement took.
    given AS
    (
        SELECT a.site AS site, a.day AS day, a.conversion_id AS conversion_id, a.goal AS goal,
            a.origin AS origin, a.external_id AS external_id, a.lead AS lead, a.time AS time,
            a.path_time AS path_time, a.visitor AS visitor, a.visit_id AS visit_id,
            a.matched AS matched, a.value AS value, a.supplied_key AS supplied_key,
            a.counts AS counts, a.earns AS earns, a.tried_until AS tried_until,
            a.supplied_tag AS supplied_tag, a.supplied_click AS supplied_click,
            a.supplied_time AS supplied_time, a.supplied_day AS supplied_day,
            a.product_group AS product_group, a.order_cost AS order_cost,
            i.site_currency AS site_currency,
            if(a.currency = '', i.site_currency, a.currency) AS paid_in,
            -- if valued
            if(a.value IS NULL, 0, ifNull(toInt64(toDecimal128(a.tax_rate, 6) * 1000000), i.site_tax)) AS tax,
            toInt256(toDecimal128(assumeNotNull(a.value), 6) * 1000000) AS given,
            intDiv(given * 1000000 + sign(given) * intDiv(1000000 + tax, 2), 1000000 + tax) AS micros,
            -- if rates
            toInt256(toDecimal128(r.rate, 9) * 1000000000) AS nano,
            toInt256(toDecimal128(q.rate, 9) * 1000000000) AS inverse_nano,
            -- end
            toInt256(toDecimal128(assumeNotNull(a.order_cost), 6) * 1000000) AS cost
            -- end
            -- unless valued
            0 AS tax
            -- end
        FROM found AS a
        INNER JOIN info AS i ON a.site = i.site
        -- if valued
        -- if rates
        LEFT JOIN direct AS r ON r.tenant = i.tenant AND r.day = a.day
            AND r.base = if(a.currency = '', i.site_currency, a.currency)
            AND r.quote = i.site_currency
        LEFT JOIN direct AS q ON q.tenant = i.tenant AND q.day = a.day
            AND q.quote = if(a.currency = '', i.site_currency, a.currency)
            AND q.base = i.site_currency
        -- end
        -- end
    ),
    -- if valued
    converted AS
    (
        SELECT *,
            multiIf(value IS NULL, NULL,
                paid_in = site_currency OR (micros = 0 AND ifNull(order_cost, 0) = 0), micros,
                -- if rates
                nano > 0, intDiv(micros * nano + sign(micros) * 500000000, 1000000000),
                inverse_nano > 0, intDiv(micros * 1000000000 + sign(micros)
                    * intDiv(inverse_nano, 2), inverse_nano),
                -- end
                NULL) AS exact_micros,
            if(abs(exact_micros) > 9000000000000000000, NULL, exact_micros) AS site_micros
        FROM given
    ),
    gained AS
    (
        SELECT *,
            multiIf(site_micros IS NULL OR order_cost IS NULL, NULL, paid_in = site_currency, cost,
                -- if rates
                nano > 0, intDiv(cost * nano + 500000000, 1000000000),
                inverse_nano > 0, intDiv(cost * 1000000000 + intDiv(inverse_nano, 2), inverse_nano),
                -- end
                NULL) AS site_cost,
            -- if groups
            transform(concat(toString(site), ':', lowerUTF8(product_group)), {group_names:Array(String)},
                {group_margins:Array(Int64)}, toInt64(0)) AS margin,
            -- end
            -- unless groups
            toInt64(0) AS margin,
            -- end
            multiIf(site_cost IS NOT NULL, if(given < 0, site_micros + site_cost, site_micros - site_cost),
                margin > 0, intDiv(site_micros * margin + sign(site_micros) * 500000, 1000000),
                NULL) AS exact_gain
        FROM converted
    ),
    priced AS
    (
        SELECT *, if(abs(exact_gain) > 9000000000000000000, NULL, exact_gain) AS gain_micros FROM gained
    )
    -- end
    -- unless valued
    priced AS
    (
        SELECT *, CAST(NULL AS Nullable(Int256)) AS exact_micros, exact_micros AS site_micros,
            exact_micros AS gain_micros
        FROM given
    )
    -- end
SELECT
    t.site, t.day, {build:UInt64} AS build, t.conversion_id, t.goal, t.origin, t.external_id,
    t.lead, t.time, t.path_time, t.visitor,
    -- if people
    if(w.person != 0, w.person, t.visitor) AS person,
    -- end
    -- unless people
    t.visitor AS person,
    -- end
    t.visit_id, t.matched, t.value,
    t.paid_in AS currency, CAST(toDecimal128(t.tax, 6) / 1000000 AS Decimal(18, 6)) AS tax_rate,
    -- NOTE: what stands behind a NULL is cast, too, and has to fit.
    if(t.site_micros IS NULL, NULL, CAST(toDecimal128(ifNull(t.site_micros, 0), 6) / 1000000 AS Decimal(18, 6)))
        AS value_site,
    t.product_group, CAST(t.order_cost AS Nullable(Decimal(18, 6))) AS order_cost,
    if(t.gain_micros IS NULL, NULL, CAST(toDecimal128(ifNull(t.gain_micros, 0), 6) / 1000000 AS Decimal(18, 6)))
        AS gain_site,
    t.value IS NOT NULL AND t.exact_micros IS NULL AS rate_missing, t.supplied_key,
    t.counts, t.earns, t.tried_until, t.supplied_tag, t.supplied_click, t.supplied_time, t.supplied_day
FROM priced AS t
-- if people
LEFT JOIN people AS w ON t.site = w.site AND t.visitor = w.visitor
-- end
