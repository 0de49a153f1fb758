-- Question: which events count, and to which visit does each belong?
-- Grain: one row per (site, event id), into `hits`, for the slices of one build.
-- Parameters:
--   build  UInt64
--   sites  Array(String)             sites of the slices (prunes the scan)
--   since, until  DateTime64(3)      bounds of all days below (prunes the scan)
--   wanted_since  DateTime64(3)      where the first day begins that is not context only
--   days   one tuple per run of local days that are read: sites, first day, where each day begins and,
--          last, where the run ends (seconds since 1970), timeout in ms; of each day, and of the day
--          after each: B, by how many bits a visitor's number is shifted right to be dealt modulo B,
--          wanted buckets (empty: context only). The day before every wanted day is read as context.
--   dealt_sites Array(String), dealt_masks Array(UInt64): sites that are dealt into buckets, and in
--          which sixty-fourths of all numbers the visitors of the buckets read are, as bits
--   passes, pass  UInt64             visitors whose hash modulo `passes` is `pass`: a day too large
--          for the memory of one statement is built by several
-- Parts: `repeated` (an event has copies), `large` (so many events that sorting them costs more than
-- planning how to spare it), `late` (an event may have a copy on another day), `clicks` (an event has
-- a click id), `dealt` (of some sites only some visitors are read).
-- Reads what `clicked` has of this build.
--
-- Duplicates: of the copies of an event the first received stands, at its highest revision. Copies that say they are a
-- later attempt, or that are older than 30 s, are also compared with the 8 days around them.
-- Visits: a visit ends after `timeout` without activity, at local midnight, and when an entrance
-- brings a source or click id that its run of activity has not had yet (two tabs do not flip it).
-- A return from a payment or log-in provider continues the visit whatever the gap; days later it
-- begins a visit that is no touch.
-- The first visit of a day that only continues the last one of the day before repeats that one's
-- own source and is no touch; the look back ends there, so that a slice needs two days to rebuild.
-- Source: `tag_key` is the source as the address had it. `source_key` is another one where the
-- click id's look-up is known, or where the visit is no click of its own: because the click id
-- belongs to the visitor who brought it first (`visitor`), because it is older than 90 days, or
-- came two days or more after the click of the look-up (`age`), or because of where the link stood
-- (`referrer`). `click_sources.sql` then tells what these keys stand for.
INSERT INTO hits (site, day, bucket, build, visitor, visit_id, time, event_id, touch, source_key,
    tag_key, shared, channel, platform, paid, visit_click_id, name, host, path, title, referrer, value,
    currency, props, code, search_term, click_id_kind, click_id, memory, country, region, city,
    network, browser, os, device, language, screen, flags)
WITH
    calendar AS
    (
        SELECT
            arrayJoin({days:Array(Tuple(Array(String), Date, Array(Int64), Int64,
                Tuple(UInt16, UInt8, Array(UInt16)), Tuple(UInt16, UInt8, Array(UInt16))))}) AS run,
            arrayJoin(range(length(run.3) - 1)) AS n, arrayJoin(run.1) AS site, run.2 + n AS day,
            toDateTime64(run.3[n + 1], 3, 'UTC') AS begin, toDateTime64(run.3[n + 2], 3, 'UTC') AS finish,
            run.4 AS timeout, run.5.1 AS buckets, run.5.2 AS shift, run.5.3 AS wanted,
            run.6.1 AS next_buckets, run.6.2 AS next_shift, run.6.3 AS next_wanted
    ),
    copies AS
    (
        SELECT
            e.site AS site, cityHash64(e.site) AS place, e.event_id AS event_id, e.visitor AS visitor, e.time AS time,
            e.received AS received, e.attempt AS attempt, e.revision AS revision, c.day AS day, c.timeout AS timeout,
            toUInt16(bitShiftRight(e.visitor, c.shift) % c.buckets) AS bucket, has(c.wanted, bucket) AS keep,
            e.source_key AS source_key,
            e.entrance AND NOT e.returning AS entrance, e.returning AS returning,
            e.channel AS channel, e.platform AS platform, e.paid AS paid, e.click_id AS click_id,
            e.shared AS shared, if(entrance, cityHash64(source_key, click_id), 0) AS entrance_key,
            -- What tells this row of `events` from every other. NOTE: 128 bits of a hash that clients
            -- cannot make collide, as one key is joined much faster than columns.
            -- if repeated
            sipHash128(e.site, e.event_id, e.time, e.received, e.attempt, e.revision, e.visitor) AS key
            -- end
            -- unless repeated
            sipHash128(e.site, e.event_id) AS key
            -- end
        FROM events AS e
        ASOF INNER JOIN calendar AS c ON e.site = c.site AND e.time >= c.begin
        WHERE e.site IN {sites:Array(String)}
            AND e.time >= {since:DateTime64(3, 'UTC')} AND e.time < {until:DateTime64(3, 'UTC')}
            AND e.time < c.finish
            -- if dealt
            AND bitTest(transform(e.site, {dealt_sites:Array(String)},
                {dealt_masks:Array(UInt64)}, toUInt64(-1)), bitShiftRight(e.visitor, 58))
            -- end
            AND intHash64(e.visitor) % {passes:UInt64} = {pass:UInt64}
            AND (keep OR has(c.next_wanted, toUInt16(bitShiftRight(e.visitor, c.next_shift) % c.next_buckets)))
    ),
    -- if late
    suspects AS
    (
        SELECT site, event_id FROM events
        WHERE site IN {sites:Array(String)}
            AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
            AND (attempt > 1 OR received > time + toIntervalSecond(30))
            AND origin != 'import'
    ),
    earlier AS
    (
        SELECT site, event_id, min((received, time, attempt)) AS first
        FROM events
        WHERE site IN {sites:Array(String)}
            AND time >= {since:DateTime64(3, 'UTC')} - toIntervalDay(8)
            AND time < {until:DateTime64(3, 'UTC')} + toIntervalDay(8)
            AND (site, event_id) IN (SELECT site, event_id FROM suspects)
        GROUP BY site, event_id
        HAVING count() > 1
    ),
    -- end
    -- if repeated
    -- if large
    surpassed AS
    (
        SELECT key FROM
        (
            SELECT key, (received, time, attempt, -toInt32(revision), visitor) AS place_among,
                min(place_among) OVER (PARTITION BY site, event_id) AS best
            FROM copies
            WHERE cityHash64(site, event_id) IN
                (SELECT cityHash64(site, event_id) AS id FROM events
                WHERE site IN {sites:Array(String)}
                    AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
                GROUP BY id HAVING count() > 1)
        )
        WHERE place_among > best
    ),
    -- end
    -- end
    -- NOTE: of rows that are alike in everything `large` keeps all: they change nothing of what follows,
    -- and the last line leaves one.
    firsts AS
    (
        -- if late
        SELECT * FROM
        (
        -- end
            SELECT * FROM copies
            -- if repeated
            -- if large
            WHERE key NOT IN (SELECT key FROM surpassed)
            -- end
            -- unless large
            ORDER BY site, event_id, received, time, attempt, revision DESC, visitor
            LIMIT 1 BY site, event_id
            -- end
            -- end
        -- if late
        ) AS k
        LEFT ANTI JOIN earlier AS d
            ON k.site = d.site AND k.event_id = d.event_id AND (k.received, k.time, k.attempt) > d.first
        -- end
    ),
    -- One row per visitor: his events in order, and what follows for each of them, as arrays.
    -- NOTE: no lambda captures an array; a captured array is copied for each of its elements. Each
    -- takes the columns that it needs, as a tuple of all of them is ten times as much to copy. `place`
    -- stands for the site: two numbers are grouped faster than a text and a number.
    -- NOTE: in three steps, because the engine plans what an alias stands for at each of its uses: in one
    -- step these arrays were 4,300 expressions, in three 1,200, a fifth of what a small slice takes.
    people AS
    (
        SELECT
            any(timeout) AS pause_after,
            arraySort(groupArray((toUnixTimestamp64Milli(time), event_id, toUInt16(day), bucket, keep,
                entrance, returning, entrance_key, key,
                (source_key, channel, platform, paid, click_id, shared)))) AS e
        FROM firsts
        GROUP BY place, visitor
        -- Of whom there is context alone nothing is written.
        HAVING max(keep)
    ),
    opened AS
    (
        SELECT
            e, pause_after,
            -- Of each event and the one before it; 0 for the first.
            arrayDifference(e.1) AS gaps, arrayDifference(e.3) AS days_between,
            arrayMap((gap, days, back, i) -> i = 1 OR days != 0 OR (gap > pause_after AND NOT back),
                gaps, days_between, e.7, arrayEnumerate(e)) AS pauses,
            arrayEnumerateUniq(arrayCumSum(pauses), e.8) AS occurrences,
            arrayMap((pause, enters, n) -> pause OR (enters AND n = 1), pauses, e.6, occurrences) AS opens
        FROM people
    ),
    followed AS
    (
        SELECT
            e, e.6 AS entrances, e.7 AS returns, e.8 AS entrance_keys, e.10 AS sources,
            -- Of the event that opened the visit of each event, and of the one before it.
            arrayFill((x, o) -> o, e.2, opens) AS heads,
            arrayFill((x, o) -> o, e.1, opens) AS openings,
            arrayPushFront(arrayPopBack(arrayFill((x, o) -> o, entrance_keys, opens)), 0) AS keys_before,
            arrayPushFront(arrayPopBack(arrayFill((x, o) -> o, sources, opens)), sources[1]) AS sources_before,
            -- A visit that begins a day by going on with the last one of the day before.
            arrayMap((days, gap, back, enters, key, before) -> days = 1 AND (back OR gap <= pause_after)
                AND (NOT enters OR key = before),
                days_between, gaps, returns, entrances, entrance_keys, keys_before) AS continues,
            -- No touch: it goes on with the visit of the day before, or begins with a return from a
            -- payment provider, which goes on with one however long ago that was.
            arrayFill((c, o) -> o, arrayMap((c, back) -> c OR back, continues, returns), opens) AS continued,
            arrayFill((x, o) -> o, arrayMap((own, before, c) -> if(c, before, own), sources,
                sources_before, continues), opens) AS origins
        FROM opened
    ),
    assigned AS
    (
        SELECT
            x.9 AS key, fromUnixTimestamp64Milli(opened, 'UTC') AS since, toDate(x.3) AS day,
            x.4 AS bucket, cityHash64(head) AS visit_id,
            NOT is_continued AS touch, origin.1 AS source_key, origin.2 AS channel,
            origin.3 AS platform, origin.4 AS paid, origin.5 AS visit_click_id, origin.6 AS by_referrer
        FROM followed
        ARRAY JOIN e AS x, openings AS opened, heads AS head, continued AS is_continued,
            origins AS origin
        WHERE x.5
    )
SELECT
    e.site, a.day, a.bucket, {build:UInt64} AS build, e.visitor, a.visit_id, e.time, e.event_id,
    a.touch,
    multiIf(
        -- if clicks
        k.looked AND k.platform = a.platform, cityHash64(a.source_key, k.campaign_id,
            k.ad_group_id, k.keyword_id, k.match_type, k.keyword, shared_by),
        -- end
        shared_by != '', cityHash64(a.source_key, shared_by), a.source_key) AS source_key,
    a.source_key AS tag_key,
    multiIf(
        -- if clicks
        a.paid AND k.click_id != '' AND k.owner != e.visitor, 'visitor',
        a.paid AND k.click_id != '' AND (a.since > k.first + toIntervalDay(90)
            OR (k.looked AND k.platform = a.platform AND k.first_day > k.click_day + 1)), 'age',
        -- end
        a.by_referrer, 'referrer', '') AS shared_by,
    a.channel, a.platform, a.paid, a.visit_click_id,
    e.name, e.host, e.path, e.title, domain(e.referrer) AS referrer, e.value, e.currency, e.props,
    e.code, e.search_term, e.click_id_kind, e.click_id, e.memory, e.country, e.region, e.city,
    e.network, e.browser, e.os, e.device, e.language, e.screen, e.flags
FROM events AS e
INNER JOIN assigned AS a
    -- if repeated
    ON sipHash128(e.site, e.event_id, e.time, e.received, e.attempt, e.revision, e.visitor) = a.key
    -- end
    -- unless repeated
    ON sipHash128(e.site, e.event_id) = a.key
    -- end
-- if clicks
LEFT JOIN
(
    SELECT * FROM clicked WHERE site IN {sites:Array(String)} AND build = {build:UInt64}
) AS k ON e.site = k.site AND a.visit_click_id = k.click_id
-- end
WHERE e.site IN {sites:Array(String)}
    AND e.time >= {wanted_since:DateTime64(3, 'UTC')} AND e.time < {until:DateTime64(3, 'UTC')}
    -- if dealt
    AND bitTest(transform(e.site, {dealt_sites:Array(String)},
        {dealt_masks:Array(UInt64)}, toUInt64(-1)), bitShiftRight(e.visitor, 58))
    -- end
    AND intHash64(e.visitor) % {passes:UInt64} = {pass:UInt64}
-- if repeated
LIMIT 1 BY e.site, e.event_id
-- end
