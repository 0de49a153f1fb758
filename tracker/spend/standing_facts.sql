-- Question: which days of an account stand for a kind of fact, since when, and with how many rows?
-- Grain: one row per day. Parameters: tenant, platform, account, fact String; first, last Date
SELECT day, argMax(pull, version) AS pull, argMax(rows, version) AS rows,
    argMax(imported, version) AS imported
FROM fact_slices
WHERE tenant = {tenant:String} AND platform = {platform:String} AND account = {account:String}
    AND fact = {fact:String} AND day >= {first:Date} AND day <= {last:Date}
GROUP BY day
ORDER BY day
