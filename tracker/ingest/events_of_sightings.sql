-- Question: which events of one UTC day have these sightings, with all that classification does not
-- decide? Grain: one row per event copy at its highest revision, in the order of EventColumns, of
-- PageColumns, of ClientColumns, then the sighting's key and the revision.
-- Parameters: site String; since, until DateTime64(3); keys Array(UInt64)
WITH revised AS
    (
        SELECT event_id, received, attempt, max(revision) AS top
        FROM events
        WHERE site = {site:String} AND revision > 0
            AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
        GROUP BY event_id, received, attempt
    )
SELECT
    site, time, e.received, toString(e.event_id), visitor, origin, memory, e.attempt,
    value, currency, props, ip, flags,
    name, title, code, screen, viewport, language,
    country, region, city, network, browser, browser_version, os, os_version, device, user_agent,
    cityHash64(host, path, query, referrer, entrance, returning, paid, channel, platform, source,
        medium, campaign, ad_group, keyword, match_type, creative, campaign_id, ad_group_id,
        keyword_id, creative_id, unexpanded, search_term, click_id_kind, click_id, shared) AS key,
    revision
FROM events AS e
LEFT JOIN revised AS r
    ON e.event_id = r.event_id AND e.received = r.received AND e.attempt = r.attempt
WHERE e.site = {site:String} AND e.revision = r.top
    AND e.time >= {since:DateTime64(3, 'UTC')} AND e.time < {until:DateTime64(3, 'UTC')}
    AND key IN {keys:Array(UInt64)}
