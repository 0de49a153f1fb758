-- Question: do these pulls tell the same search terms of a day of an account?
-- Grain: one row per (day, pull) with search terms; equal days have equal sums.
-- Parameters: tenant, platform, account String; first, last Date; pulls Array(UInt64)
SELECT day, pull, sum(cityHash64(campaign_id, campaign, ad_group_id, ad_group, keyword_id, keyword,
    match_type, device, term, impressions, clicks, cost, currency, ifNull(platform_conversions, -1),
    ifNull(platform_value, -1))) AS content
FROM search_terms
WHERE tenant = {tenant:String} AND platform = {platform:String} AND account = {account:String}
    AND day BETWEEN {first:Date} AND {last:Date} AND pull IN {pulls:Array(UInt64)}
GROUP BY day, pull
