-- Question: which exchange rates does a tenant have for a period?
-- Grain: one row per (day, base, quote) that has one: a rate of 0 is one that was removed.
-- Parameters: tenant String; first, last Date
SELECT day, base, quote, argMax(r.rate, r.version) AS rate
FROM rates AS r
WHERE tenant = {tenant:String} AND day >= {first:Date} AND day <= {last:Date}
GROUP BY day, base, quote
HAVING rate > 0
