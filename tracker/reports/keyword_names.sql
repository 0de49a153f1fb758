-- Question: what are these keywords called?
-- Grain: one row per canonical keyword. Parameters: site String; asof UInt64
SELECT keyword_key, kind, reason, platform, account, campaign, ad_group, keyword, keyword_id,
    match_type, keyword_norm, campaign_norm, ad_group_norm
FROM keywords
WHERE site = {site:String} AND keyword_key = canonical_key AND build IN
    (SELECT max(build) FROM slices
    WHERE site = {site:String} AND kind = 'keywords' AND build <= {asof:UInt64})
