-- Question: what stands for each day of these ad accounts, how did it come, and what does the
-- platform's own total say?
-- Grain: one row per (platform, account, day, last_day); an empty day has lines 0.
-- Parameters: tenant String; accounts tuples (platform, account); first, last Date
-- `origins` are all sources that ever told the day. Amounts in the account's currency.
WITH
    standing AS
    (
        SELECT platform, account, day, last_day, scope, argMax(p.pull, p.version) AS stands,
            argMax(p.imported, p.version) AS since, argMax(p.origin, p.version) AS came,
            groupUniqArrayIf(toString(p.origin), p.pull > 0) AS told
        FROM spend_slices AS p
        WHERE tenant = {tenant:String} AND day <= {last:Date} AND last_day >= {first:Date}
            AND (platform, account) IN {accounts:Array(Tuple(String, String))}
        GROUP BY platform, account, day, last_day, scope
        HAVING stands != 0
    ),
    held AS
    (
        SELECT platform, account, day, last_day, count() AS lines, sum(s.cost) AS cost,
            sumIf(s.cost, s.kind != 'keyword') AS unallocated,
            groupUniqArray(toString(s.currency)) AS currencies
        FROM spend AS s
        WHERE tenant = {tenant:String} AND day <= {last:Date} AND last_day >= {first:Date}
            AND (platform, account, day, last_day, scope, pull) IN
                (SELECT platform, account, day, last_day, scope, stands FROM standing)
        GROUP BY platform, account, day, last_day
    ),
    totals AS
    (
        SELECT platform, account, day, pull, cost, currency
        FROM account_totals
        WHERE tenant = {tenant:String} AND day BETWEEN {first:Date} AND {last:Date}
            AND (platform, account, day, pull) IN
            (
                SELECT platform, account, day, argMax(pull, version)
                FROM fact_slices
                WHERE tenant = {tenant:String} AND fact = 'account_totals'
                    AND day BETWEEN {first:Date} AND {last:Date}
                GROUP BY platform, account, day
            )
    ),
    days AS
    (
        SELECT platform, account, day, last_day, max(since) AS imported, max(stands) AS newest,
            argMax(toString(came), stands) AS origin, arraySort(groupUniqArrayArray(told)) AS origins
        FROM standing
        GROUP BY platform, account, day, last_day
    )
SELECT toString(d.platform) AS platform, toString(d.account) AS account, d.day AS day,
    d.last_day AS last_day, d.imported AS imported, d.origin AS origin, d.origins AS origins,
    h.lines AS lines, toDecimal128(h.cost, 6) AS cost, toDecimal128(h.unallocated, 6) AS unallocated,
    h.currencies AS currencies, t.pull > 0 AS has_total, t.pull > d.newest AS total_counts,
    toDecimal128(t.cost, 6) AS total
FROM days AS d
LEFT JOIN held AS h ON d.platform = h.platform AND d.account = h.account AND d.day = h.day
    AND d.last_day = h.last_day
LEFT JOIN totals AS t ON d.platform = t.platform AND d.account = t.account AND d.day = t.day
    AND d.last_day = d.day
ORDER BY platform, account, day, last_day
