-- Question: in which slices are visits of others by click ids that these visitors brought?
-- Grain: one row per (local day, bucket). Parameters: site String; visitors Array(UInt64)
SELECT DISTINCT day, bucket FROM visits
WHERE site = {site:String} AND visitor NOT IN {visitors:Array(UInt64)} AND click_id != ''
    AND click_id IN
        (SELECT click_id FROM clicks
        WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)})
