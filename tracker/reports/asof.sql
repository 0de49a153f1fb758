-- Question: which published state does a report that begins now read?
-- Grain: one row: the highest build of the site, 0 if there is none; and those of its keywords and
--   of its resolution. Parameters: site String
SELECT max(build) AS asof, maxIf(build, kind = 'keywords') AS keywords,
    maxIf(build, kind = 'resolution') AS resolution
FROM slices
WHERE site = {site:String}
