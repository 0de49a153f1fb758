-- Question: has a platform told a total of any account of these tenants on these days?
-- Grain: one row, or none.
-- Parameters: tenants Array(String); days Array(Date)
SELECT 1 FROM account_totals
WHERE tenant IN {tenants:Array(String)} AND day IN {days:Array(Date)}
LIMIT 1
