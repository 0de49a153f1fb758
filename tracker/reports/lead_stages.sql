-- Question: how many leads stand in each stage?
-- Grain: one row per stage. Parameters: site String;
--   stages Array(String), turns Array(UInt8), unlisted UInt8: `Pipeline.turns`.
-- Facts and refunds as in leads.sql.
WITH latest AS
(
    SELECT external_id, argMax((stage, time, value, lead, removed), version) AS fact,
        (fact.2, transform(toString(fact.1), {stages:Array(String)}, {turns:Array(UInt8)}, {unlisted:UInt8}),
            external_id) AS place
    FROM offline_conversions
    WHERE site = {site:String}
    GROUP BY external_id
    HAVING NOT fact.5
)
SELECT stage_now, count() FROM
(
    SELECT if(fact.4 = '', external_id, fact.4) AS lead_key,
        argMaxIf(toString(fact.1), place, ifNull(fact.3, 0) >= 0) AS stage_now
    FROM latest
    GROUP BY lead_key
)
GROUP BY stage_now
