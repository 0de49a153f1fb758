-- Question: what are the attributes of the keyword that a spend row belongs to?
-- Grain: one row per keyword key; names of a campaign and ad group with an id are their latest.
-- Parameters: site String; keywords UInt64 (the build that counts); brand Array(String)
SELECT a.keyword_key AS key, toString(c.kind) AS kind, toString(c.reason) AS reason,
    toString(c.platform) AS platform, c.account AS account,
    if(c.campaign_id = '', c.campaign, argMax(c.campaign, c.last_day) OVER
        (PARTITION BY c.platform, c.account, c.campaign_id)) AS campaign,
    if(c.ad_group_id = '', c.ad_group, argMax(c.ad_group, c.last_day) OVER
        (PARTITION BY c.platform, c.account, c.ad_group_id)) AS ad_group,
    if(c.kind = 'keyword', c.keyword, '') AS keyword,
    if(c.kind = 'keyword', toString(c.match_type), '') AS match_type,
    multiIf(c.kind != 'keyword', '',
        arrayExists(term -> position(c.keyword_norm, term) > 0, {brand:Array(String)}), 'brand',
        'non_brand') AS brand,
    multiIf(c.kind = 'keyword', 'Paid Search', c.reason = 'pmax', 'Cross-network', NULL)
        AS spend_channel
FROM keywords AS a
INNER JOIN keywords AS c ON a.canonical_key = c.keyword_key
WHERE a.site = {site:String} AND a.build = {keywords:UInt64}
    AND c.site = {site:String} AND c.build = {keywords:UInt64}
