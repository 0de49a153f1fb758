-- Question: since which day does something stand for each of these ad accounts?
-- Grain: one row per (platform, account) for which something does.
-- Parameters: tenant String; accounts tuples (platform, account)
SELECT platform, account, min(day) AS first
FROM
(
    SELECT toString(platform) AS platform, toString(account) AS account, day
    FROM spend_slices
    WHERE tenant = {tenant:String}
        AND (platform, account) IN {accounts:Array(Tuple(String, String))}
    GROUP BY platform, account, day, last_day, scope
    HAVING argMax(pull, version) != 0
)
GROUP BY platform, account
