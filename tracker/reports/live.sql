-- Question: who is on the site now, and what did they do last?
-- Grain: one row per visitor seen since `since`, last seen first; `trail` holds
--   (time, name, path, title), newest first. Reads facts: it must not wait for a rebuild.
-- Parameters: site String; since DateTime64(3); oldest DateTime64(3) prunes partitions;
--   most UInt32 visitors
SELECT
    visitor, min(e.time) AS first_seen, max(e.time) AS last_seen,
    argMinIf((channel, platform, source, campaign, keyword), (e.time, event_id), e.entrance) AS came,
    argMin((channel, platform, source, campaign, keyword), (e.time, event_id)) AS began,
    max(e.entrance) AS has_entrance,
    argMax((country, city, device, browser, os), e.time) AS place,
    arrayReverseSort(arrayDistinct(groupArray(50)((e.time, name, path, title)))) AS trail
FROM events AS e
WHERE site = {site:String} AND e.time >= {oldest:DateTime64(3, 'UTC')}
    AND visitor IN
        (SELECT visitor FROM events
        WHERE site = {site:String} AND time >= {oldest:DateTime64(3, 'UTC')}
            AND received >= {since:DateTime64(3, 'UTC')})
GROUP BY visitor
ORDER BY last_seen DESC, visitor
LIMIT {most:UInt32}
