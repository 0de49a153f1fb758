-- Question: which exchange rates does a tenant have for a period, and whence?
-- Grain: one row per (day, base, quote) that has one: a rate of 0 is one that was removed.
-- Parameters: tenant String; first, last Date
SELECT r.day AS day, toString(r.base) AS base, toString(r.quote) AS quote,
    argMax(r.rate, r.version) AS worth, argMax(r.quoted, r.version) AS of_day,
    argMax(toString(r.source), r.version) AS came
FROM rates AS r
WHERE r.tenant = {tenant:String} AND r.day >= {first:Date} AND r.day <= {last:Date}
GROUP BY day, base, quote
HAVING worth > 0
ORDER BY day, base, quote
