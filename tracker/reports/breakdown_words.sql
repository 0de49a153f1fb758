-- Question: what are the attributes of the keyword that a source belongs to, or why has it none?
-- Grain: one row per source key; key 0 is credit without a touch.
-- Parameters: site String; resolution UInt64 (the build that counts); reads `names`
SELECT r.source_key AS key, toString(r.platform) AS platform,
    if(r.keyword_key = 0, 'unattributed', n.kind) AS kind,
    if(r.keyword_key = 0, toString(r.reason), n.reason) AS reason, n.account AS account,
    n.campaign AS campaign, n.ad_group AS ad_group, n.keyword AS keyword,
    n.match_type AS match_type, n.brand AS brand
FROM resolution AS r
LEFT JOIN names AS n ON r.keyword_key = n.key
WHERE r.site = {site:String} AND r.build = {resolution:UInt64}
UNION ALL
SELECT toUInt64(0), '', 'unattributed', 'no_touch', '', '', '', '', '', ''
