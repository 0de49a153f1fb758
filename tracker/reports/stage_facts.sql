-- Question: has any lead of a site been in this stage?
-- Grain: one row if so. Parameters: site String; stage String
SELECT 1 FROM offline_conversions WHERE site = {site:String} AND stage = {stage:String} LIMIT 1
