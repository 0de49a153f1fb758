-- Question: what is each visit, made of the hits of one build?
-- Grain: one row per visit, into `visits`. Attributes are those of the visit's first event; the
-- source is the one that `hits` gave the visit.
-- Parameters: build UInt64, sites Array(String), first Date, last Date
INSERT INTO visits
SELECT
    site, day, bucket, {build:UInt64} AS build, visitor, visit_id,
    min(h.time) AS start, max(h.time) AS finish, any(h.touch) AS touch,
    countIf(h.name = 'pageview') AS pageviews, count() AS events,
    argMin(h.memory, order_key) AS memory, anyIf(h.code, h.code != '') AS code,
    any(h.source_key) AS source_key, any(h.channel) AS channel, any(h.platform) AS platform,
    any(h.paid) AS paid, argMin(h.search_term, order_key) AS search_term,
    argMin(h.click_id_kind, order_key) AS click_id_kind, any(h.visit_click_id) AS click_id,
    argMin(h.referrer, order_key) AS referrer,
    argMin(h.host, order_key) AS entry_host, argMin(h.path, order_key) AS entry_path,
    argMax(h.path, order_key) AS exit_path,
    argMin(h.country, order_key) AS country, argMin(h.region, order_key) AS region,
    argMin(h.city, order_key) AS city, argMin(h.network, order_key) AS network,
    argMin(h.browser, order_key) AS browser, argMin(h.os, order_key) AS os,
    argMin(h.device, order_key) AS device, argMin(h.language, order_key) AS language,
    argMin(h.screen, order_key) AS screen, max(h.flags) AS flags
FROM
(
    SELECT *, (time, event_id) AS order_key FROM hits
    WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
        AND build = {build:UInt64}
) AS h
GROUP BY site, day, bucket, visitor, visit_id
