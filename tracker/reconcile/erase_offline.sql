-- Question: none: it erases offline conversions, every version, for good.
-- Grain: rows of offline_conversions. Parameters: site String; ids Array(String)
ALTER TABLE offline_conversions DELETE
WHERE site = {site:String} AND external_id IN {ids:Array(String)}
