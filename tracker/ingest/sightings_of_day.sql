-- Question: what did a site's events of one UTC day say of where they came from, and what was made
-- of that? Grain: one row per address, referrer and outcome, each event at its highest revision.
-- The key is a hash of the row, by which `events_of_sightings.sql` finds the events.
-- Parameters: site String; since, until DateTime64(3)
WITH revised AS
    (
        SELECT event_id, received, attempt, max(revision) AS top
        FROM events
        WHERE site = {site:String} AND revision > 0
            AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
        GROUP BY event_id, received, attempt
    )
SELECT
    host, path, query, referrer, entrance, returning, paid, channel, platform, source, medium,
    campaign, ad_group, keyword, match_type, creative, campaign_id, ad_group_id, keyword_id,
    creative_id, unexpanded, search_term, click_id_kind, click_id, shared,
    cityHash64(host, path, query, referrer, entrance, returning, paid, channel, platform, source,
        medium, campaign, ad_group, keyword, match_type, creative, campaign_id, ad_group_id,
        keyword_id, creative_id, unexpanded, search_term, click_id_kind, click_id, shared) AS key,
    count() AS events
FROM events AS e
LEFT JOIN revised AS r
    ON e.event_id = r.event_id AND e.received = r.received AND e.attempt = r.attempt
WHERE e.site = {site:String} AND e.revision = r.top
    AND e.time >= {since:DateTime64(3, 'UTC')} AND e.time < {until:DateTime64(3, 'UTC')}
GROUP BY ALL
