-- Question: why were leads invalid or lost?
-- Grain: one row per (stage, reason), the commonest first. What is given back is no stage.
-- Parameters: site String; stages Array(String); since, until DateTime64(3)
SELECT toString(fact.1) AS stage, fact.3 AS reason, count() AS leads FROM
(
    SELECT external_id, argMax((stage, time, reason, removed, value), version) AS fact
    FROM offline_conversions
    WHERE site = {site:String}
    GROUP BY external_id
    HAVING NOT fact.4 AND ifNull(fact.5, 0) >= 0 AND fact.1 IN {stages:Array(String)}
        AND fact.2 >= {since:DateTime64(3, 'UTC')} AND fact.2 < {until:DateTime64(3, 'UTC')}
)
GROUP BY stage, reason
ORDER BY leads DESC, stage, reason
LIMIT 50
