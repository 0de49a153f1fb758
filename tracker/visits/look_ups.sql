-- Question: has any of these tenants click look-ups?
-- Grain: one row if so. Parameters: tenant_names Array(String)
SELECT 1 FROM click_lookups WHERE tenant IN {tenant_names:Array(String)} LIMIT 1
