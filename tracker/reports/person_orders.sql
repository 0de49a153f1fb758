-- Question: what is stored of these offline conversions?
-- Grain: rows of offline_conversions, every version.
-- Parameters: site String; ids Array(String); most UInt64
SELECT * FROM offline_conversions
WHERE site = {site:String} AND external_id IN {ids:Array(String)}
ORDER BY external_id, version
LIMIT {most:UInt64}
