-- Question: does any platform tell of a click id of these sites' offline conversions?
-- Grain: one row if so. Parameters: sites, tenant_names Array(String)
SELECT 1 FROM click_lookups
WHERE tenant IN {tenant_names:Array(String)} AND click_id IN
    (SELECT click_id FROM offline_conversions WHERE site IN {sites:Array(String)} AND click_id != '')
LIMIT 1
