-- Question: on which days do these ad accounts have spend?
-- Grain: one row per day. Parameters: accounts tuples (tenant, platform, account)
SELECT DISTINCT day FROM spend_slices
WHERE (tenant, platform, account) IN {accounts:Array(Tuple(String, String, String))}
ORDER BY day
