-- Question: how many clicks did platforms take back as invalid over these days, and what for?
-- Grain: one row per (platform, account) that says something. A day's own report goes before the
-- count beside the account's total. `amount` is null where a day of it has none.
-- Parameters: tenant String; first, last Date
WITH
    told AS
    (
        SELECT toString(i.platform) AS platform, toString(i.account) AS account, i.day AS day,
            argMax(i.clicks, i.pull) AS clicks, argMax(tuple(i.amount), i.pull).1 AS amount
        FROM invalid_clicks AS i
        WHERE i.tenant = {tenant:String} AND i.day BETWEEN {first:Date} AND {last:Date}
        GROUP BY platform, account, day
    ),
    counted AS
    (
        SELECT toString(t.platform) AS platform, toString(t.account) AS account, t.day AS day,
            assumeNotNull(t.invalid_clicks) AS clicks
        FROM account_totals AS t
        WHERE t.tenant = {tenant:String} AND t.day BETWEEN {first:Date} AND {last:Date}
            AND t.invalid_clicks IS NOT NULL
            AND (t.platform, t.account, t.day, t.pull) IN
            (
                SELECT platform, account, day, argMax(pull, version)
                FROM fact_slices
                WHERE tenant = {tenant:String} AND fact = 'account_totals'
                    AND day BETWEEN {first:Date} AND {last:Date}
                GROUP BY platform, account, day
            )
    )
SELECT platform, account, uniqExact(day) AS days, sum(clicks) AS clicks,
    if(countIf(amount IS NULL) > 0, NULL, toDecimal128(sum(assumeNotNull(amount)), 6)) AS credited
FROM
(
    SELECT platform, account, day, clicks, amount FROM told
    UNION ALL
    SELECT platform, account, day, clicks, NULL FROM counted
    WHERE (platform, account, day) NOT IN (SELECT platform, account, day FROM told)
)
GROUP BY platform, account
ORDER BY platform, account
