-- Question: what do visitors of many sites do?
-- Grain: one row per event, into `events`: of each site so many visits of five events on each day
-- asked for; six in ten are paid clicks of one of 20 keywords, one in a hundred ends with an order.
-- Parameters: sites Array(String); first Date, days UInt32; visits UInt32 (of a site and day);
--   salt UInt64: other visitors than before; since UInt32: seconds of the day at which they begin,
--   span UInt32: within so many seconds
INSERT INTO events (site, time, received, event_id, name, visitor, memory, host, path, country,
    browser, os, device, language, entrance, paid, channel, platform, source, medium, campaign,
    keyword, click_id_kind, click_id, origin)
WITH
    5 AS each, number % each AS place, intDiv(number, each) AS serial,
    serial % {visits:UInt32} AS n, intDiv(serial, {visits:UInt32}) % {days:UInt32} AS d,
    intDiv(serial, {visits:UInt32} * {days:UInt32}) AS s,
    cityHash64('visit', {salt:UInt64}, s, d, n) AS h, h % 10 < 6 AS is_paid,
    toDateTime64({first:Date} + d, 3, 'UTC')
        + toIntervalSecond({since:UInt32} + intDiv(h, 16) % {span:UInt32} + 20 * place) AS at,
    is_paid AND place = 0 AS lands
SELECT {sites:Array(String)}[s + 1], at, at, generateUUIDv4(number),
    if(place = 4 AND h % 100 = 7, 'order', 'pageview'), cityHash64('visitor', s, h), 'stored',
    'www.example', concat('/products/', toString((h + place) % 300)),
    ['CN', 'US', 'DE', 'IN'][1 + h % 4], 'Chrome', 'Windows', 'desktop', 'zh-CN', lands, lands,
    if(lands, 'Paid Search', 'Direct'), if(lands, 'google', ''), if(lands, 'google', ''),
    if(lands, 'cpc', ''), if(lands, concat('Campaign ', toString(h % 5)), ''),
    if(lands, concat('keyword ', toString(h % 20)), ''), if(lands, 'gclid', ''),
    if(lands, hex(cityHash64('click', h)), ''), 'beacon'
FROM numbers({visits:UInt32} * {days:UInt32} * length({sites:Array(String)}) * 5)
