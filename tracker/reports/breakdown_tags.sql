-- Question: which channel, source and medium has each source?
-- Grain: one row per source key; key 0 is credit without a touch. Parameters: site String
SELECT source_key AS key, toString(any(s.channel)) AS channel, any(s.source) AS source,
    any(s.medium) AS medium
FROM sources AS s
WHERE site = {site:String}
GROUP BY source_key
UNION ALL
SELECT toUInt64(0), '', '', ''
