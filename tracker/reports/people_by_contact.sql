-- Question: which visitors gave one of these contacts?
-- Grain: one row per visitor. Parameters: site String; hashes Array(String)
SELECT DISTINCT visitor FROM identities
WHERE site = {site:String} AND toString(hash) IN {hashes:Array(String)}
