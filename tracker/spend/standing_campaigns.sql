-- Question: which campaigns of an account had spend since a day, and how much?
-- Grain: one row per campaign as it can be given to a site: by id, or by name where it has none.
-- Parameters: tenant, platform, account String; since Date
SELECT if(s.campaign_id = '', toString(s.campaign), toString(s.campaign_id)) AS key,
    argMax(toString(s.campaign), s.day) AS name, toDecimal128(sum(s.cost), 6) AS spent,
    max(s.last_day) AS newest
FROM spend AS s
WHERE s.tenant = {tenant:String} AND s.platform = {platform:String}
    AND s.account = {account:String} AND s.last_day >= {since:Date}
    AND (s.day, s.last_day, s.scope, s.pull) IN
    (
        SELECT day, last_day, scope, argMax(pull, version) FROM spend_slices
        WHERE tenant = {tenant:String} AND platform = {platform:String}
            AND account = {account:String} AND last_day >= {since:Date}
        GROUP BY day, last_day, scope
    )
GROUP BY key
HAVING key != ''
ORDER BY spent DESC, key
LIMIT 1000
