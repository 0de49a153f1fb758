-- Question: none: it adds copies of the template's events, each with visitors of its own.
-- Grain: one row per event of the template and copy, into `events`. Fresh in every copy: event id,
-- visitor, click id (of the same length, the same for one visitor), the time of day (visits keep
-- their course), the delay of delivery. One event in a hundred is a second attempt.
-- With `varied`, as on a site larger than the demo's: 16 million /24 networks, some thousand user
-- agents, 300 more pages with titles, screens, windows and languages.
-- Parameters: first, copies UInt64; varied Bool
INSERT INTO events
SELECT * EXCEPT (copy, person, moment, fresh_click) REPLACE
(
    moment AS time,
    moment + toIntervalMillisecond(if(rand(1) % 50 = 0, rand(2) % 120000, 20 + rand(3) % 300)) AS received,
    generateUUIDv4(copy) AS event_id,
    toUInt8(1 + (rand(4) % 100 = 0)) AS attempt,
    'beacon' AS origin,
    person AS visitor,
    if(click_id = '', '', fresh_click) AS click_id,
    if({varied:Bool}, concat(toString(10 + person % 200), '.', toString(intDiv(person, 256) % 256), '.',
        toString(intDiv(person, 65536) % 256), '.0'), ip) AS ip,
    if({varied:Bool}, replaceRegexpOne(toString(user_agent), '(Chrome|Version)/[0-9.]+',
        concat('\\1/', toString(100 + person % 43), '.0.', toString(person % 7), '.', toString(person % 31))),
        toString(user_agent)) AS user_agent,
    if({varied:Bool} AND rand(5) % 2 = 0, concat('/products/item-', toString(rand(5) % 300)), toString(path)) AS path,
    if({varied:Bool}, concat('Pumps for slurry and water: ', path), toString(title)) AS title,
    if({varied:Bool}, ['1920x1080', '1366x768', '390x844', '412x915', '1536x864'][1 + person % 5], toString(screen)) AS screen,
    if({varied:Bool}, concat(toString(360 + person % 1500), 'x', toString(600 + person % 400)), toString(viewport)) AS viewport,
    if({varied:Bool}, ['zh-CN', 'en-US', 'en-GB', 'de-DE', 'ru-RU'][1 + person % 5], toString(language)) AS language
)
FROM
(
    SELECT
        t.*, c.number AS copy,
        cityHash64(t.visitor, c.number) AS person,
        substring(repeat(lower(hex(sipHash128(t.visitor, c.number))), 4), 1, length(t.click_id)) AS fresh_click,
        toStartOfDay(t.time) + toIntervalMillisecond((toUnixTimestamp64Milli(t.time)
            + cityHash64(t.visitor, c.number, 1) % 86400000 + rand(6) % 1000) % 86400000) AS moment
    FROM template AS t
    CROSS JOIN (SELECT number FROM numbers({first:UInt64}, {copies:UInt64})) AS c
)
