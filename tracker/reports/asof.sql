-- Question: which published state does a report that begins now read?
-- Grain: one row: the highest build of the site, 0 if there is none. Parameters: site String
SELECT max(build) FROM slices WHERE site = {site:String}
