-- Question: how did each lead move through the stages?
-- Grain: one row per lead: its steps (time, stage) in order. Refunds are no steps.
-- Parameters: site String; most UInt64, the leads to read at most, the newest first;
--   stages Array(String), turns Array(UInt8), unlisted UInt8: `Pipeline.turns`
WITH latest AS
(
    SELECT external_id, argMax((stage, time, value, lead, removed), version) AS fact,
        (fact.2, transform(toString(fact.1), {stages:Array(String)}, {turns:Array(UInt8)}, {unlisted:UInt8}),
            external_id) AS place
    FROM offline_conversions
    WHERE site = {site:String}
    GROUP BY external_id
    HAVING NOT fact.5 AND ifNull(fact.3, 0) >= 0
)
SELECT if(fact.4 = '', external_id, fact.4) AS lead,
    arrayMap(s -> (s.1.1, s.2), arraySort(groupArray((place, toString(fact.1))))) AS steps
FROM latest
GROUP BY lead
ORDER BY max(fact.2) DESC, lead
LIMIT {most:UInt64}
