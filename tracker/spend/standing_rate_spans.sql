-- Question: which exchange rates does a tenant have, days that follow each other with one rate as one?
-- Grain: one row per (pair, rate, source, span of days), newest first.
-- Parameters: tenant String; base, quote String: "" for all; most, skipped UInt32
SELECT base, quote, worth, came, min(day) AS first, max(day) AS last, max(of_day) AS quoted
FROM
(
    SELECT *, toInt32(day) - row_number() OVER
        (PARTITION BY base, quote, worth, came ORDER BY day) AS island
    FROM
    (
        SELECT r.day AS day, toString(r.base) AS base, toString(r.quote) AS quote,
            argMax(r.rate, r.version) AS worth, argMax(r.quoted, r.version) AS of_day,
            argMax(toString(r.source), r.version) AS came
        FROM rates AS r
        WHERE r.tenant = {tenant:String} AND ({base:String} = '' OR r.base = {base:String})
            AND ({quote:String} = '' OR r.quote = {quote:String})
        GROUP BY day, base, quote
        HAVING worth > 0
    )
)
GROUP BY base, quote, worth, came, island
ORDER BY last DESC, base, quote, first
LIMIT {most:UInt32} OFFSET {skipped:UInt32}
