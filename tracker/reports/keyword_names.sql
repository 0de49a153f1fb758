-- Question: what are these keywords called?
-- Grain: one row per canonical keyword.
-- Parameters: site String; keywords UInt64 (the build that counts); every Bool or wanted Array(UInt64)
SELECT keyword_key, kind, reason, platform, account, campaign, ad_group, keyword, keyword_id,
    match_type, keyword_norm, campaign_norm, ad_group_norm
FROM keywords
WHERE site = {site:String} AND keyword_key = canonical_key
    AND ({every:Bool} OR keyword_key IN {wanted:Array(UInt64)}) AND build = {keywords:UInt64}
