-- Question: which builds does a report that begins now read?
-- Grain: one row per kind of slice: its highest build; the builds that stand in the days asked for
--   (and on every day); and (day, bucket, build) of older builds of the same slices, until they are
--   swept away. Parameters: site String; first, last Date
SELECT kind, max(standing) AS newest,
    groupUniqArrayIf(standing, day BETWEEN {first:Date} AND {last:Date}) AS builds,
    groupUniqArray(standing) AS every,
    groupArrayArray(arrayMap(b -> (day, bucket, b), arrayFilter(b -> b != standing, seen))) AS older
FROM
(
    SELECT kind, day, bucket, max(build) AS standing, groupArray(build) AS seen
    FROM slices
    WHERE site = {site:String}
    GROUP BY kind, day, bucket
)
GROUP BY kind
