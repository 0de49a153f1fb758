-- Question: by which paths did people come who never converted?
-- Grain: one row per distinct path: the source keys of the touches of a person in the period, in
--   order, and how many persons had it.
-- Parameters: site String; asof UInt64; first, last Date; goal String ('' = what counts or earns in
--   totals: somebody who only taps the telephone has not converted)
WITH
    people AS
    (
        SELECT visitor, argMax(person, version) AS person
        FROM person_members WHERE site = {site:String}
        GROUP BY visitor
    ),
    converted AS
    (
        SELECT DISTINCT person FROM conversions
        WHERE site = {site:String} AND if({goal:String} = '', counts OR earns, goal = {goal:String})
            AND (day, build) IN
                (SELECT day, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'credits' AND build <= {asof:UInt64}
                GROUP BY day)
    ),
    touches AS
    (
        SELECT if(p.person != 0, p.person, v.visitor) AS person, v.start AS start,
            v.visit_id AS visit_id, v.source_key AS source_key
        FROM visits AS v LEFT JOIN people AS p ON v.visitor = p.visitor
        WHERE v.site = {site:String} AND v.touch AND v.day BETWEEN {first:Date} AND {last:Date}
            AND (v.day, v.bucket, v.build) IN
                (SELECT day, bucket, max(build) FROM slices
                WHERE site = {site:String} AND kind = 'visits' AND build <= {asof:UInt64}
                GROUP BY day, bucket)
    )
SELECT path, count() AS persons FROM
(
    SELECT person, arrayMap(t -> t.3, arraySort(groupArray((start, visit_id, source_key)))) AS path
    FROM touches
    WHERE person NOT IN (SELECT person FROM converted)
    GROUP BY person
)
GROUP BY path
ORDER BY path
