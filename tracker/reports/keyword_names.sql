-- Question: which keywords does the site have, and what are they called?
-- Grain: one row per keyword; `canonical_key` is the keyword that it counts as.
-- Parameters: site String; keywords UInt64 (the build that counts)
SELECT keyword_key, canonical_key, kind, reason, platform, account, campaign, ad_group, keyword,
    keyword_id, match_type, keyword_norm, campaign_norm, ad_group_norm
FROM keywords
WHERE site = {site:String} AND build = {keywords:UInt64}
