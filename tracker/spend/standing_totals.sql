-- Question: what does the platform say that the days of an account cost altogether?
-- Grain: one row per day that has a total.
-- Parameters: tenant, platform, account String; first, last Date
SELECT day, impressions, clicks, cost, currency, platform_conversions, platform_value,
    invalid_clicks
FROM account_totals
WHERE tenant = {tenant:String} AND platform = {platform:String} AND account = {account:String}
    AND day >= {first:Date} AND day <= {last:Date}
    AND (day, pull) IN
    (
        SELECT day, argMax(pull, version)
        FROM fact_slices
        WHERE tenant = {tenant:String} AND platform = {platform:String}
            AND account = {account:String} AND fact = 'account_totals'
            AND day >= {first:Date} AND day <= {last:Date}
        GROUP BY day
    )
ORDER BY day
