-- Question: which events count, and to which visit does each belong?
-- Grain: one row per (site, event id), into `hits`, for the slices of one build.
-- Parameters:
--   build  UInt64
--   sites  Array(String)             sites of the slices (prunes the scan)
--   since, until  DateTime64(3)      bounds of all days below (prunes the scan)
--   days   one tuple per (site, local day) that is read: site, day, begin, end (UTC), timeout in
--          ms, B of the day, wanted buckets of the day (empty: context only), B of the next day,
--          wanted buckets of the next day. The day before every wanted day is read as context.
--
-- Duplicates: of the copies of an event the first received stands. Copies that say they are a
-- later attempt, or that are older than 30 s, are also compared with the 8 days around them.
-- Visits: a visit ends after `timeout` without activity, at local midnight, and when an entrance
-- brings a source or click id that its run of activity has not had yet (two tabs do not flip it).
-- A return from a payment or log-in provider continues the visit whatever the gap.
-- The first visit of a day that only continues the last one of the day before repeats that one's
-- own source and is no touch; the look back ends there, so that a slice needs two days to rebuild.
INSERT INTO hits
WITH
    calendar AS
    (
        SELECT
            day_row.1 AS site, day_row.2 AS day, day_row.3 AS begin, day_row.4 AS finish,
            day_row.5 AS timeout, day_row.6 AS buckets, day_row.7 AS wanted,
            day_row.8 AS next_buckets, day_row.9 AS next_wanted
        FROM
        (
            SELECT arrayJoin({days:Array(Tuple(String, Date, DateTime64(3, 'UTC'),
                DateTime64(3, 'UTC'), Int64, UInt16, Array(UInt16), UInt16, Array(UInt16)))}) AS day_row
        )
    ),
    copies AS
    (
        SELECT
            e.site AS site, e.event_id AS event_id, e.visitor AS visitor, e.time AS time,
            e.received AS received, e.attempt AS attempt, c.day AS day, c.timeout AS timeout,
            toUInt16(e.visitor % c.buckets) AS bucket,
            has(c.wanted, toUInt16(e.visitor % c.buckets)) AS keep,
            cityHash64(e.channel, e.platform, e.paid, e.source, e.medium, e.campaign, e.ad_group,
                e.keyword, e.match_type, e.creative, e.campaign_id, e.ad_group_id, e.keyword_id,
                e.creative_id, e.unexpanded) AS source_key,
            e.entrance AND NOT e.returning AS entrance, e.returning AS returning,
            e.channel AS channel, e.platform AS platform, e.paid AS paid, e.click_id AS click_id,
            if(entrance, cityHash64(source_key, click_id), 0) AS entrance_key
        FROM events AS e
        ASOF INNER JOIN calendar AS c ON e.site = c.site AND e.time >= c.begin
        WHERE e.site IN {sites:Array(String)}
            AND e.time >= {since:DateTime64(3, 'UTC')} AND e.time < {until:DateTime64(3, 'UTC')}
            AND e.time < c.finish
            AND (keep OR has(c.next_wanted, toUInt16(e.visitor % c.next_buckets)))
    ),
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
    firsts AS
    (
        SELECT * FROM
        (
            SELECT * FROM copies
            ORDER BY site, event_id, received, time, attempt
            LIMIT 1 BY site, event_id
        ) AS k
        LEFT ANTI JOIN earlier AS d
            ON k.site = d.site AND k.event_id = d.event_id AND (k.received, k.time, k.attempt) > d.first
    ),
    gaps AS
    (
        SELECT *,
            lagInFrame(toNullable(time)) OVER of_day AS before,
            before IS NULL OR (dateDiff('millisecond', assumeNotNull(before), time) > timeout
                AND NOT returning) AS pause
        FROM firsts
        WINDOW of_day AS (PARTITION BY site, visitor, day ORDER BY time, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    runs AS
    (
        SELECT *, sum(pause) OVER of_day AS run FROM gaps
        WINDOW of_day AS (PARTITION BY site, visitor, day ORDER BY time, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    starts AS
    (
        SELECT *,
            pause OR (entrance AND row_number() OVER (PARTITION BY site, visitor, day, run,
                entrance_key ORDER BY time, event_id) = 1) AS opens
        FROM runs
    ),
    numbered AS
    (
        SELECT *, sum(opens) OVER of_day AS visit FROM starts
        WINDOW of_day AS (PARTITION BY site, visitor, day ORDER BY time, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    own AS
    (
        SELECT *,
            first_value((event_id, source_key, channel, platform, paid, click_id, entrance_key))
                OVER (PARTITION BY site, visitor, day, visit ORDER BY time, event_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS head
        FROM numbered
    ),
    joined AS
    (
        SELECT *,
            lagInFrame((day, time, head)) OVER (PARTITION BY site, visitor ORDER BY time, event_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS last,
            last.1 = day - 1 AND visit = 1
                AND (returning OR dateDiff('millisecond', last.2, time) <= timeout)
                AND (NOT entrance OR entrance_key = last.3.7) AS continues
        FROM own
    ),
    assigned AS
    (
        SELECT *,
            first_value((continues, if(continues, last.3, head)))
                OVER (PARTITION BY site, visitor, day, visit ORDER BY time, event_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS origin
        FROM joined
    )
SELECT
    a.site, a.day, a.bucket, {build:UInt64} AS build, a.visitor,
    cityHash64(a.head.1) AS visit_id, a.time, a.event_id,
    NOT a.origin.1 AS touch, a.origin.2.2 AS source_key, a.origin.2.3 AS channel,
    a.origin.2.4 AS platform, a.origin.2.5 AS paid, a.origin.2.6 AS visit_click_id,
    e.name, e.host, e.path, e.title, domain(e.referrer) AS referrer, e.value, e.currency, e.props,
    e.code, e.search_term, e.click_id_kind, e.click_id, e.memory, e.country, e.region, e.city,
    e.network, e.browser, e.os, e.device, e.language, e.screen, e.flags
FROM events AS e
INNER JOIN (SELECT * FROM assigned WHERE keep) AS a
    ON e.site = a.site AND e.event_id = a.event_id AND e.time = a.time
    AND e.received = a.received AND e.attempt = a.attempt
WHERE e.site IN {sites:Array(String)}
    AND e.time >= {since:DateTime64(3, 'UTC')} AND e.time < {until:DateTime64(3, 'UTC')}
LIMIT 1 BY e.site, e.event_id
