-- Question: which of these have the sites, so that statements need parts for them: contacts or
-- decisions that join visitors, people who are joined, offline conversions, and their tenants rates and
-- click look-ups?
-- Grain: one row for each kind that there is.
-- Parameters: sites Array(String); tenants Array(String)
SELECT 'contacts' AS kind FROM identities WHERE site IN {sites:Array(String)} LIMIT 1
UNION ALL
SELECT 'contacts' FROM person_links WHERE site IN {sites:Array(String)} LIMIT 1
UNION ALL
SELECT 'people' FROM person_members WHERE site IN {sites:Array(String)} LIMIT 1
UNION ALL
SELECT 'offline' FROM offline_conversions WHERE site IN {sites:Array(String)} LIMIT 1
UNION ALL
SELECT 'rates' FROM rates WHERE tenant IN {tenants:Array(String)} LIMIT 1
UNION ALL
SELECT 'look_ups' FROM click_lookups WHERE tenant IN {tenants:Array(String)} LIMIT 1
