-- Question: what is each source of a site called, and to which keyword does it belong?
-- Grain: one row per source tuple that the published resolution knows.
-- Parameters: site String; asof UInt64 (the builds that count)
WITH
    resolved AS
    (
        SELECT source_key, keyword_key, reason, method FROM resolution
        WHERE site = {site:String} AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'resolution' AND build <= {asof:UInt64})
    ),
    known AS
    (
        SELECT keyword_key, platform, account, campaign, ad_group, keyword, match_type FROM keywords
        WHERE site = {site:String} AND keyword_key = canonical_key AND build =
            (SELECT max(build) FROM slices
            WHERE site = {site:String} AND kind = 'keywords' AND build <= {asof:UInt64})
    ),
    tuples AS
    (
        SELECT source_key, any(channel) AS channel, any(platform) AS platform,
            any(source) AS source, any(campaign) AS campaign, any(ad_group) AS ad_group,
            any(keyword) AS keyword
        FROM sources WHERE site = {site:String} GROUP BY source_key
    )
SELECT r.source_key AS source_key, r.keyword_key AS keyword_key, toString(r.reason) AS reason,
    toString(r.method) AS method, toString(t.channel) AS channel, toString(t.platform) AS platform,
    t.source AS source, k.account AS account,
    if(r.keyword_key != 0, k.campaign, t.campaign) AS campaign,
    if(r.keyword_key != 0, k.ad_group, t.ad_group) AS ad_group,
    if(r.keyword_key != 0, k.keyword, t.keyword) AS keyword, toString(k.match_type) AS match_type
FROM resolved AS r
INNER JOIN tuples AS t ON r.source_key = t.source_key
LEFT JOIN known AS k ON r.keyword_key = k.keyword_key
