-- Question: how did each lead move through the stages?
-- Grain: one row per lead: its steps (time, stage) in order. Refunds are no steps.
-- Parameters: site String; most UInt64, the leads to read at most, the newest first
WITH latest AS
(
    SELECT external_id, argMax((stage, time, value, lead, removed), version) AS fact,
        max(version) AS written
    FROM offline_conversions
    WHERE site = {site:String}
    GROUP BY external_id
    HAVING NOT fact.5 AND ifNull(fact.3, 0) >= 0
)
SELECT if(fact.4 = '', external_id, fact.4) AS lead,
    arrayMap(s -> (s.1, s.4), arraySort(groupArray((fact.2, written, external_id,
        toString(fact.1))))) AS steps
FROM latest
GROUP BY lead
ORDER BY max(fact.2) DESC, lead
LIMIT {most:UInt64}
