-- Question: who is on the site now, and what did they do last?
-- Grain: one row per visitor with an event since `since`, last seen first; `trail` holds
--   (time, name, path, title) of the latest fifty events, newest first. Reads facts, since it must not wait for a
--   rebuild, and so leaves out copies of an event itself.
-- Parameters: site String; since DateTime64(3); oldest DateTime64(3) prunes partitions;
--   most UInt32 visitors
SELECT
    visitor, min(e.time) AS first_seen, max(e.time) AS last_seen,
    argMinIf((channel, platform, source, campaign, keyword), (e.time, event_id), e.entrance) AS came,
    argMin((channel, platform, source, campaign, keyword), (e.time, event_id)) AS began,
    max(e.entrance) AS has_entrance,
    argMax((country, city, device, browser, os), e.time) AS place,
    -- NOTE: groupArray would keep the first fifty that it meets, the oldest.
    arrayDistinct(arrayMap(s -> (s.2, s.3, s.4, s.5), groupArraySorted(50)(
        (-toUnixTimestamp64Milli(e.time), e.time, name, path, title)))) AS trail
FROM
(
    SELECT * FROM events
    WHERE site = {site:String} AND time >= {oldest:DateTime64(3, 'UTC')}
        AND visitor IN
            (SELECT visitor FROM events
            WHERE site = {site:String} AND time >= {since:DateTime64(3, 'UTC')})
    ORDER BY received, time, revision DESC
    LIMIT 1 BY event_id
) AS e
GROUP BY visitor
ORDER BY last_seen DESC, visitor
LIMIT {most:UInt32}
