-- Question: which slices of these accounts stand that share a day with a period?
-- Grain: one row per (account, day, last_day, scope), in that order, with the sums of its lines.
-- Parameters: tenant, platform String; accounts Array(String); first, last Date
WITH standing AS
(
    SELECT account, day, last_day, scope, argMax(pull, version) AS pull,
        argMax(origin, version) AS origin
    FROM spend_slices
    WHERE tenant = {tenant:String} AND platform = {platform:String}
        AND account IN {accounts:Array(String)}
        AND day <= {last:Date} AND last_day >= {first:Date}
    GROUP BY account, day, last_day, scope
    HAVING pull != 0
)
SELECT
    s.account AS account, s.day AS day, s.last_day AS last_day, s.scope AS scope,
    s.pull AS pull, t.lines AS lines, toDecimal128(t.cost, 6) AS cost, t.bare AS bare,
    s.origin AS origin
FROM standing AS s
LEFT JOIN
(
    SELECT account, day, last_day, scope, pull, count() AS lines, sum(cost) AS cost,
        countIf(device = '') AS bare
    FROM spend
    WHERE tenant = {tenant:String} AND platform = {platform:String}
        AND account IN {accounts:Array(String)}
        AND day <= {last:Date} AND last_day >= {first:Date}
        AND (account, day, last_day, scope, pull) IN
            (SELECT account, day, last_day, scope, pull FROM standing)
    GROUP BY account, day, last_day, scope, pull
) AS t ON s.account = t.account AND s.day = t.day AND s.last_day = t.last_day
    AND s.scope = t.scope AND s.pull = t.pull
ORDER BY account, day, last_day, scope
