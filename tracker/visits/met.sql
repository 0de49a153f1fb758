-- Question: what do the events of these sites and days have that takes parts of statements of its own?
-- Grain: one row: how many there are, copies included; how many have a click id; whether one has copies,
-- whether one may have a copy on another day (see hits.sql), whether one has a source that `sources`
-- does not know.
-- Parameters: sites Array(String), since DateTime64(3), until DateTime64(3); dealt_sites,
-- dealt_masks and part `dealt` as in hits.sql
-- NOTE: numbers are told apart faster than ids; two that are taken for one cost time alone.
SELECT
    count() AS events,
    countIf(click_id != '') AS clicks,
    events > uniqExact(cityHash64(site, event_id)) AS repeated,
    max((attempt > 1 OR received > time + toIntervalSecond(30)) AND origin != 'import') AS late,
    max((site, source_key) NOT IN
        (SELECT site, source_key FROM sources WHERE site IN {sites:Array(String)})) AS news
FROM events
WHERE site IN {sites:Array(String)}
    AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
    -- if dealt
    AND bitTest(transform(site, {dealt_sites:Array(String)},
        {dealt_masks:Array(UInt64)}, toUInt64(-1)), bitShiftRight(visitor, 58))
    -- end
