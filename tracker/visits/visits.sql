-- Question: what is each visit, made of the hits of one build?
-- Grain: one row per visit, into `visits`. Attributes are those of the visit's first hit, the one
-- whose event id gave the visit its id; the source is the one that `hits` gave the visit.
-- `arrived`: the visit by which a click arrived. A click id arrives once, with the visit in which it
-- was first brought; without one, a visitor's tags arrive once in half an hour.
-- Parameters: build UInt64, sites Array(String), first Date, last Date; passes, pass UInt64 as in
-- hits.sql
-- Part `clicks`: a visit has a click id.
INSERT INTO visits (site, day, bucket, build, visitor, visit_id, start, finish, touch, pageviews,
    events, memory, code, source_key, channel, platform, paid, shared, arrived, search_term,
    click_id_kind, click_id, referrer, entry_host, entry_path, exit_path, country, region, city, network, browser,
    os, device, language, screen, flags)
WITH
    -- NOTE: keys of whole numbers are grouped and joined in half the time of a text and a number, and
    -- the latest of numbers is found in half the time of the latest of tuples.
    sums AS
    (
        SELECT cityHash64(f.site) AS place, visit_id, max(f.time) AS finish,
            countIf(f.name = 'pageview') AS pageviews, count() AS events, max(f.code) AS code,
            argMax(f.path, bitShiftLeft(toUInt256(toUnixTimestamp64Milli(f.time)), 128)
                + reinterpretAsUInt128(f.event_id)) AS exit_path,
            max(f.flags) AS flags
        FROM hits AS f
        WHERE f.site IN {sites:Array(String)} AND f.day BETWEEN {first:Date} AND {last:Date}
            AND f.build = {build:UInt64}
            AND intHash64(f.visitor) % {passes:UInt64} = {pass:UInt64}
        GROUP BY place, visit_id
    ),
    -- The first of the paid visits that one click is taken for. NOTE: the least of numbers is found in
    -- half the time of a window, which sorts all visits by its keys.
    arrivals AS
    (
        SELECT cityHash64(f.site) AS place,
            toUInt64(min(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(f.time)), 64) + f.visit_id)) AS visit_id
        FROM hits AS f
        WHERE f.site IN {sites:Array(String)} AND f.day BETWEEN {first:Date} AND {last:Date}
            AND f.build = {build:UInt64}
            AND intHash64(f.visitor) % {passes:UInt64} = {pass:UInt64}
            AND cityHash64(f.event_id) = f.visit_id AND f.touch AND f.paid AND f.shared = ''
        GROUP BY place, f.day, f.visitor, if(f.visit_click_id != '', cityHash64(f.visit_click_id),
            cityHash64(f.source_key, intDiv(toUnixTimestamp64Milli(f.time), 1800000)))
    )
SELECT
    h.site, h.day, h.bucket, {build:UInt64} AS build, h.visitor, h.visit_id, h.time AS start,
    s.finish, h.touch, s.pageviews, s.events, h.memory, s.code, h.source_key, h.channel,
    h.platform, h.paid, h.shared != '' AS shared,
    h.touch AND h.paid AND h.shared = ''
        -- if clicks
        AND (h.visit_click_id = '' OR h.time <= k.first + toIntervalMinute(30))
        -- end
        AND (cityHash64(h.site), h.visit_id) IN (SELECT place, visit_id FROM arrivals) AS arrived,
    h.search_term, h.click_id_kind, h.visit_click_id AS click_id, h.referrer,
    h.host AS entry_host, h.path AS entry_path, s.exit_path, h.country, h.region, h.city,
    h.network, h.browser, h.os, h.device, h.language, h.screen, s.flags
FROM hits AS h
INNER JOIN sums AS s ON cityHash64(h.site) = s.place AND h.visit_id = s.visit_id
-- if clicks
LEFT JOIN
(
    SELECT site, click_id, first FROM clicked
    WHERE site IN {sites:Array(String)} AND build = {build:UInt64}
) AS k ON h.site = k.site AND h.visit_click_id = k.click_id
-- end
WHERE h.site IN {sites:Array(String)} AND h.day BETWEEN {first:Date} AND {last:Date}
    AND h.build = {build:UInt64}
    AND intHash64(h.visitor) % {passes:UInt64} = {pass:UInt64}
    AND cityHash64(h.event_id) = h.visit_id
