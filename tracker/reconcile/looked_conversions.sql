-- Question: on which days are conversions by click ids of which look-ups of these days say another
-- thing than is published?
-- Grain: one row per (site, local day).
-- Parameters: sites Array(String); told Array(Date); tenants tuples (sites, tenant);
--   tenant_names Array(String)
-- The rules are those of conversions/conversions.sql.
WITH
    told AS
    (
        SELECT t.site AS site, l.click_id AS click_id, argMax((l.day, toString(l.platform),
            toString(l.campaign_id), toString(l.ad_group_id), toString(l.keyword_id),
            toString(l.match_type), toString(l.keyword)), (l.pull, l.account)) AS said
        FROM click_lookups AS l
        INNER JOIN (SELECT arrayJoin(a.1) AS site, a.2 AS tenant FROM
            (SELECT arrayJoin({tenants:Array(Tuple(Array(String), String))}) AS a)) AS t
            ON l.tenant = t.tenant
        WHERE l.tenant IN {tenant_names:Array(String)} AND l.click_id IN
            (SELECT click_id FROM click_lookups
            WHERE tenant IN {tenant_names:Array(String)} AND day IN {told:Array(Date)})
        GROUP BY site, click_id
    ),
    stages AS
    (
        SELECT o.site AS site, o.external_id AS external_id, t.click_id AS click_id, any(t.said) AS said
        FROM offline_conversions AS o
        INNER JOIN
        (
            SELECT site, if(lead = '', external_id, lead) AS lead_key, click_id
            FROM offline_conversions
            WHERE site IN {sites:Array(String)} AND click_id != ''
        ) AS g ON o.site = g.site AND if(o.lead = '', o.external_id, o.lead) = g.lead_key
        INNER JOIN told AS t ON g.site = t.site AND g.click_id = t.click_id
        WHERE o.site IN {sites:Array(String)}
        GROUP BY site, external_id, click_id
    )
SELECT DISTINCT c.site AS site, c.day AS day
FROM conversions AS c
INNER JOIN stages AS s ON c.site = s.site AND c.external_id = s.external_id
WHERE c.site IN {sites:Array(String)} AND c.origin = 'offline' AND NOT startsWith(c.goal, 'repeat:')
    AND if(s.said.1 > toDate(c.path_time) + 1, c.supplied_click = s.click_id,
        c.supplied_click != s.click_id OR c.supplied_key != cityHash64(c.supplied_tag,
            s.said.2, s.said.3, s.said.4, s.said.5, s.said.6, s.said.7)
        OR c.supplied_day != s.said.1)
    AND (c.site, c.day, c.build) IN
        (SELECT site, day, max(build) FROM slices
        WHERE kind = 'credits' AND site IN {sites:Array(String)} GROUP BY site, day)
ORDER BY site, day
