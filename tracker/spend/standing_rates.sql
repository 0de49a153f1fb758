-- Question: which exchange rates does a tenant have for a period?
-- Grain: one row per (day, base, quote). Parameters: tenant String; first, last Date
SELECT day, base, quote, argMax(rate, version) AS rate
FROM rates
WHERE tenant = {tenant:String} AND day >= {first:Date} AND day <= {last:Date}
GROUP BY day, base, quote
