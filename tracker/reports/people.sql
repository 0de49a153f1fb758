-- Question: who was on the site in a period, or has given a contact?
-- Grain: one row per person, the last seen first, and how many there are in all.
-- Parameters: site String; first, last Date; known Bool (only people with a contact or a
--   conversion); wanted Array(UInt64), only these people where there are any; limit, offset UInt64
WITH
    members AS
    (
        -- A node of 64 characters is a contact; others are decisions about him.
        SELECT visitor, argMax(person, version) AS person, max(length(node) = 64) AS gave
        FROM person_members WHERE site = {site:String} GROUP BY visitor
    ),
    live AS
    (
        SELECT day, bucket, max(build) AS build FROM slices
        WHERE site = {site:String} AND kind = 'visits' GROUP BY day, bucket
    ),
    credited AS
    (
        SELECT day, max(build) AS build FROM slices
        WHERE site = {site:String} AND kind = 'credits' GROUP BY day
    ),
    seen AS
    (
        SELECT if(m.person != 0, m.person, v.visitor) AS who, min(v.start) AS first_seen,
            max(v.finish) AS last_seen, count() AS visits, sum(v.pageviews) AS pages,
            uniqExact(v.visitor) AS devices,
            argMin(v.channel, v.start) AS channel, argMax(v.country, v.start) AS country,
            argMax(v.city, v.start) AS city, argMax(v.network, v.start) AS network
        FROM visits AS v LEFT JOIN members AS m ON v.visitor = m.visitor
        WHERE v.site = {site:String} AND v.day BETWEEN {first:Date} AND {last:Date}
            AND (v.day, v.bucket, v.build) IN (SELECT day, bucket, build FROM live)
        GROUP BY who
    ),
    earned AS
    (
        SELECT person AS who, countIf(counts) AS conversions
        FROM conversions
        WHERE site = {site:String} AND person != 0
            AND (day, build) IN (SELECT day, build FROM credited)
        GROUP BY who
    )
SELECT s.who AS person, s.first_seen AS first_seen, s.last_seen AS last_seen, s.visits AS visits,
    s.pages AS pages, s.devices AS devices,
    s.who IN (SELECT person FROM members WHERE gave) AS contact, toString(s.channel) AS channel,
    toString(s.country) AS country, toString(s.city) AS city, toString(s.network) AS network,
    e.conversions AS conversions, count() OVER () AS people
FROM seen AS s LEFT JOIN earned AS e ON s.who = e.who
WHERE (NOT {known:Bool} OR contact OR e.conversions > 0)
    AND (empty({wanted:Array(UInt64)}) OR has({wanted:Array(UInt64)}, s.who))
ORDER BY last_seen DESC, person
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
