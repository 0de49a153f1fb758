-- Question: what do platforms say of the click ids of leads with a stage in this time?
-- Grain: one row per (site, click id) that is looked up and not there yet, into `clicked`, under a
-- build, beside those that its visitors brought.
-- Parameters: build UInt64; sites, whole Array(String): sites of `whole` have all their leads looked
--   at; since, until DateTime64(3); tenants tuples (sites, tenant), tenant_names Array(String)
INSERT INTO clicked (site, build, click_id, looked, platform, click_day, campaign_id, ad_group_id,
    keyword_id, match_type, keyword)
WITH
    wanted AS
    (
        SELECT site, if(lead = '', external_id, lead) AS lead_key FROM offline_conversions
        WHERE site IN {sites:Array(String)} AND (site IN {whole:Array(String)}
            OR (time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}))
    ),
    given AS
    (
        SELECT DISTINCT site, click_id FROM offline_conversions
        WHERE site IN {sites:Array(String)} AND click_id != ''
            AND (site, if(lead = '', external_id, lead)) IN (SELECT site, lead_key FROM wanted)
            AND (site, click_id) NOT IN
                (SELECT site, click_id FROM clicked
                WHERE site IN {sites:Array(String)} AND build = {build:UInt64})
    )
SELECT g.site AS site, {build:UInt64}, g.click_id AS click_id, true AS looked, told.1, told.2, told.3,
    told.4, told.5, told.6, told.7
FROM
(
    SELECT g.site AS site, g.click_id AS click_id,
        argMax((toString(l.platform), l.day, toString(l.campaign_id), toString(l.ad_group_id),
            toString(l.keyword_id), toString(l.match_type), toString(l.keyword)),
            (l.pull, l.account)) AS told
    FROM given AS g
    INNER JOIN (SELECT arrayJoin(t.1) AS site, t.2 AS tenant FROM
        (SELECT arrayJoin({tenants:Array(Tuple(Array(String), String))}) AS t)) AS w ON g.site = w.site
    INNER JOIN (SELECT * FROM click_lookups WHERE tenant IN {tenant_names:Array(String)}
        AND click_id IN (SELECT click_id FROM given)) AS l
        ON l.tenant = w.tenant AND l.click_id = g.click_id
    GROUP BY site, click_id
) AS g
