-- Question: how many visitors share each of these contacts?
-- Grain: one row per contact. Parameters: site String; nodes Array(String)
SELECT toString(hash), uniqExact(visitor) FROM identities
WHERE site = {site:String} AND hash IN {nodes:Array(String)} GROUP BY hash
