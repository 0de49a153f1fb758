-- Question: to which campaign and keyword do reports credit what a source earned?
-- Grain: one row per source key that has a keyword. Parameters: site String; keywords, resolution UInt64 (the
--   builds that count)
SELECT r.source_key AS source_key, c.campaign AS campaign, c.keyword AS keyword
FROM resolution AS r
INNER JOIN keywords AS a ON r.keyword_key = a.keyword_key
INNER JOIN keywords AS c ON a.canonical_key = c.keyword_key
WHERE r.site = {site:String} AND r.build = {resolution:UInt64} AND c.kind = 'keyword'
    AND a.site = {site:String} AND a.build = {keywords:UInt64}
    AND c.site = {site:String} AND c.build = {keywords:UInt64}
