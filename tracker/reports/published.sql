-- Question: which builds does a report that begins now read?
-- Grain: one row per build of a slice; `kind` is its place in `kinds`, from 1 on. The highest build of
--   a slice stands; older ones are there until they are swept away.
-- Parameters: site String; kinds Array(String)
SELECT indexOf({kinds:Array(String)}, toString(kind)) AS kind, day, bucket, build
FROM slices
WHERE site = {site:String}
