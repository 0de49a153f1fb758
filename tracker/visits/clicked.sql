-- Question: whose are these click ids, and what does the platform say of them?
-- Grain: one row per (site, click id) that a visitor brought, into `clicked`, under a build.
-- Parameters: build UInt64; sites Array(String); since DateTime64(3), until DateTime64(3): click ids of
--   the events between them; told Array(Date): and those of which look-ups of these days tell;
--   tenants tuples (sites, tenant), tenant_names Array(String): whose look-ups count; passes, pass
--   UInt64: only click ids whose hash modulo `passes` is `pass`
-- Parts: `looked` (these tenants have look-ups); `dealt`, with dealt_sites and dealt_masks, as in
-- hits.sql.
-- NOTE: `looked` is about the platform that is named: a click id says nothing of another's visits.
INSERT INTO clicked (site, build, click_id, owner, first, first_day, again, looked, platform, click_day,
    campaign_id, ad_group_id, keyword_id, match_type, keyword)
WITH brought AS
    (
        SELECT click_id FROM events
        WHERE site IN {sites:Array(String)} AND click_id != ''
            AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
            -- if dealt
            AND bitTest(transform(site, {dealt_sites:Array(String)},
                {dealt_masks:Array(UInt64)}, toUInt64(-1)), bitShiftRight(visitor, 58))
            -- end
            AND cityHash64(click_id) % {passes:UInt64} = {pass:UInt64}
        -- if looked
        UNION ALL
        SELECT click_id FROM click_lookups
        WHERE tenant IN {tenant_names:Array(String)} AND day IN {told:Array(Date)}
            AND cityHash64(click_id) % {passes:UInt64} = {pass:UInt64}
        -- end
    )
SELECT
    c.site AS site, {build:UInt64} AS build, c.click_id AS click_id, c.owner, c.first, c.first_day, c.again,
    -- if looked
    l.click_id != '' AS looked, l.told.1, l.told.2, l.told.3, l.told.4, l.told.5, l.told.6, l.told.7
    -- end
    -- unless looked
    false, '', toDate(0), '', '', '', '', ''
    -- end
FROM
(
    SELECT k.site AS site, k.click_id AS click_id,
        min(k.first) AS first, toDate(first) AS first_day,
        -- Who consents where the first had not is the same as he.
        argMin(k.how, k.place) = 1 AND countIf(k.how = 2) > 0
            AND minIf(k.first, k.how = 2) <= first + toIntervalMinute(30) AS is_given,
        toUInt64(if(is_given, minIf(k.place, k.how = 2), min(k.place))) AS owner,
        min(k.visitor) != max(k.visitor) OR dateDiff('minute', min(k.first), max(k.last)) > 30 AS again
    FROM
    (
        -- NOTE: the least of numbers is found in half the time of the least of tuples.
        SELECT site, click_id, visitor, first, last, how,
            bitShiftLeft(toUInt128(toUnixTimestamp64Milli(first)), 64) + visitor AS place
        FROM clicks
        WHERE site IN {sites:Array(String)} AND click_id IN (SELECT click_id FROM brought)
    ) AS k
    GROUP BY site, click_id
) AS c
-- if looked
LEFT JOIN
(
    SELECT l.click_id AS click_id, t.site AS site,
        argMax((toString(l.platform), l.day, toString(l.campaign_id), toString(l.ad_group_id),
            toString(l.keyword_id), toString(l.match_type), toString(l.keyword)),
            (l.pull, l.account)) AS told
    FROM click_lookups AS l
    INNER JOIN (SELECT arrayJoin(a.1) AS site, a.2 AS tenant FROM
        (SELECT arrayJoin({tenants:Array(Tuple(Array(String), String))}) AS a)) AS t
        ON l.tenant = t.tenant
    WHERE l.tenant IN {tenant_names:Array(String)} AND l.click_id IN (SELECT click_id FROM brought)
    GROUP BY click_id, site
) AS l ON c.site = l.site AND c.click_id = l.click_id
-- end
