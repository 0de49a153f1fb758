-- Question: what is each visit, made of the hits of one build?
-- Grain: one row per visit, into `visits`. Attributes are those of the visit's first hit, the one
-- whose event id gave the visit its id; the source is the one that `hits` gave the visit.
-- Parameters: build UInt64, sites Array(String), first Date, last Date; passes, pass UInt64 as in
-- hits.sql
INSERT INTO visits (site, day, bucket, build, visitor, visit_id, start, finish, touch, pageviews,
    events, memory, code, source_key, channel, platform, paid, shared, search_term, click_id_kind,
    click_id, referrer, entry_host, entry_path, exit_path, country, region, city, network, browser,
    os, device, language, screen, flags)
WITH
    fresh AS
    (
        SELECT * FROM hits
        WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
            AND build = {build:UInt64}
            AND intHash64(visitor) % {passes:UInt64} = {pass:UInt64}
    ),
    sums AS
    (
        SELECT site, visit_id, max(f.time) AS finish, countIf(f.name = 'pageview') AS pageviews,
            count() AS events, maxIf(f.code, f.code != '') AS code,
            argMax(f.path, (f.time, f.event_id)) AS exit_path, max(f.flags) AS flags
        FROM fresh AS f
        GROUP BY site, visit_id
    )
SELECT
    h.site, h.day, h.bucket, {build:UInt64} AS build, h.visitor, h.visit_id, h.time AS start,
    s.finish, h.touch, s.pageviews, s.events, h.memory, s.code, h.source_key, h.channel,
    h.platform, h.paid, h.shared != '' AS shared, h.search_term, h.click_id_kind, h.visit_click_id AS click_id, h.referrer,
    h.host AS entry_host, h.path AS entry_path, s.exit_path, h.country, h.region, h.city,
    h.network, h.browser, h.os, h.device, h.language, h.screen, s.flags
FROM fresh AS h
INNER JOIN sums AS s ON h.site = s.site AND h.visit_id = s.visit_id
WHERE cityHash64(h.event_id) = h.visit_id
