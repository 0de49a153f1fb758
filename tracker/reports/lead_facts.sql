-- Question: which stages has a lead been in?
-- Grain: one row per stage entered, oldest first. Parameters: site, lead String;
--   stages Array(String), turns Array(UInt8), unlisted UInt8: `Pipeline.turns`
SELECT external_id, toString(fact.1) AS stage, fact.2 AS time, fact.3 AS value,
    toString(fact.4) AS currency, fact.5 AS lead, fact.7 AS reason, fact.8 AS tax_rate,
    fact.9 AS product_group, fact.10 AS order_cost, versions
FROM
(
    SELECT external_id,
        argMax((stage, time, value, currency, lead, removed, reason, tax_rate,
            toString(product_group), order_cost), version) AS fact,
        -- A row that only learns of its lead says of the stage what it said.
        uniqExact((stage, time, value, currency, removed, reason, tax_rate, product_group, order_cost))
            AS versions
    FROM offline_conversions
    WHERE site = {site:String}
    GROUP BY external_id
    HAVING NOT fact.6 AND (fact.5 = {lead:String} OR (fact.5 = '' AND external_id = {lead:String}))
)
ORDER BY time, transform(toString(fact.1), {stages:Array(String)}, {turns:Array(UInt8)}, {unlisted:UInt8}),
    external_id
