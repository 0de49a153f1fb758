-- Question: how many rows of search terms stand of the accounts of these tenants, by day?
-- Grain: one row per day with some, in order.
-- Parameters: tenants Array(String); days Array(Date)
SELECT day, sum(rows_told) AS told FROM
(
    SELECT day, argMax(rows, version) AS rows_told
    FROM fact_slices
    WHERE tenant IN {tenants:Array(String)} AND fact = 'search_terms' AND day IN {days:Array(Date)}
    GROUP BY tenant, platform, account, day
)
GROUP BY day
HAVING told > 0
ORDER BY day
