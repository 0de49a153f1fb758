-- Question: where do the leads of the sales pipeline stand?
-- Grain: one row per lead, the last moved first, and how many there are in all.
-- Parameters: site String; stage String ('' = all); lead String ('' = all, else a part of its id);
--   keys Array(String), only these leads where there are any; limit, offset UInt64;
--   stages Array(String), turns Array(UInt8), unlisted UInt8: `Pipeline.turns`
-- Reads facts, because whoever has just moved a lead wants to see it there. A stage with a
-- negative value is a refund and moves nothing.
WITH
    latest AS
    (
        SELECT external_id,
            argMax((stage, time, value, currency, lead, removed, reason), version) AS fact,
            ifNull(fact.3, 0) >= 0 AS is_step,
            (fact.2, transform(toString(fact.1), {stages:Array(String)}, {turns:Array(UInt8)}, {unlisted:UInt8}),
                external_id) AS place
        FROM offline_conversions
        WHERE site = {site:String}
        GROUP BY external_id
        HAVING NOT fact.6
    ),
    leads AS
    (
        SELECT if(fact.5 = '', external_id, fact.5) AS lead_key,
            argMaxIf(toString(fact.1), place, is_step) AS stage_now,
            countIf(is_step) AS stages, if(stages = 0, min(fact.2), minIf(fact.2, is_step)) AS opened,
            if(stages = 0, max(fact.2), maxIf(fact.2, is_step)) AS moved,
            -- The first as conversions.sql takes it.
            argMin(external_id, (fact.2, external_id)) AS first_id,
            argMaxIf((fact.3, toString(fact.4)), place,
                fact.3 IS NOT NULL AND fact.3 >= 0) AS worth,
            argMaxIf(fact.7, place, is_step) AS reason_now
        FROM latest
        GROUP BY lead_key
    )
SELECT lead_key AS lead, stage_now AS stage, opened, moved, stages, first_id, worth.1 AS value,
    worth.2 AS currency, reason_now AS reason, count() OVER () AS leads
FROM leads
WHERE ({stage:String} = '' OR stage_now = {stage:String})
    AND ({lead:String} = '' OR positionCaseInsensitiveUTF8(lead_key, {lead:String}) > 0)
    AND (empty({keys:Array(String)}) OR has({keys:Array(String)}, lead_key))
ORDER BY moved DESC, lead
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
