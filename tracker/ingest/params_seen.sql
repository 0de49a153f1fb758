-- Question: which query parameters do a site's page views have, and how many paid visits have them?
-- Grain: one row per parameter name as it stands in the address, the most frequent first. A visit
-- is a visitor on a UTC date, a paid one has a paid entrance with the parameter in its address.
-- Parameters: site String, since DateTime64(3), most UInt32
WITH
    pages AS
    (
        SELECT query, (visitor, toDate(time)) AS visit, paid AND entrance AS landing
        FROM events
        WHERE site = {site:String} AND time >= {since:DateTime64(3, 'UTC')} AND name = 'pageview'
        ORDER BY received, time, revision DESC
        LIMIT 1 BY event_id
    )
SELECT
    substring(part, 1, position(part, '=') - 1) AS param,
    uniqExact(visit) AS seen,
    uniqExactIf(visit, landing) AS paid,
    arraySlice(arraySort(groupUniqArray(50)(substring(part, position(part, '=') + 1, 200))), 1, 50)
        AS samples,
    (SELECT uniqExactIf(visit, landing) FROM pages) AS paid_visits
FROM pages
ARRAY JOIN splitByChar('&', query) AS part
WHERE position(part, '=') > 1
GROUP BY param
ORDER BY seen DESC, param
LIMIT {most:UInt32}
