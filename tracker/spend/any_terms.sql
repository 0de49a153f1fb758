-- Question: has a platform told search terms of any account of these tenants on these days?
-- Grain: one row, or none.
-- Parameters: tenants Array(String); days Array(Date)
SELECT 1 FROM search_terms
WHERE tenant IN {tenants:Array(String)} AND day IN {days:Array(Date)}
LIMIT 1
