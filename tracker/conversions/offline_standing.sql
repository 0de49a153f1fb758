-- Question: what is known of these offline conversions, and of the other stages of their leads?
-- Grain: one row per external id: its latest version.
-- Parameters: site String; ids, leads Array(String). A conversion without a lead is the lead
-- that its id names.
SELECT
    external_id,
    argMax((stage, time, value, toString(currency), tax_rate, toString(product_group), order_cost, lead, visitor, click_id, toString(code),
        email_hash, phone_hash, user_hash, order_id, reason, landing_url, toString(channel), toString(platform),
        toString(source), toString(medium), toString(campaign), toString(ad_group),
        toString(keyword), toString(match_type), toString(campaign_id), toString(ad_group_id),
        toString(keyword_id), removed), version) AS fact
FROM offline_conversions
WHERE site = {site:String} AND external_id IN
    (
        SELECT external_id FROM offline_conversions
        WHERE site = {site:String}
            AND (external_id IN {ids:Array(String)} OR lead IN {leads:Array(String)}
                OR external_id IN {leads:Array(String)} OR lead IN {ids:Array(String)})
    )
GROUP BY external_id
