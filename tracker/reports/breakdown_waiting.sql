-- Question: which conversion is each stage of the leads? What is given back is none.
-- Grain: one row per offline conversion. Parameters: site String; asof UInt64 (the builds that
--   count); leads Array(String)
SELECT conversion_id, if(lead = '', external_id, lead) AS lead_key, toString(goal) AS goal, time
FROM conversions
WHERE site = {site:String} AND origin = 'offline'
    AND NOT is_refund AND if(lead = '', external_id, lead) IN {leads:Array(String)}
    AND (day, build) IN (SELECT day, max(build) FROM slices
        WHERE kind = 'credits' AND site = {site:String} AND build <= {asof:UInt64} GROUP BY day)
ORDER BY time, conversion_id
