-- Question: which offline conversions are a person's: matched to him, or with a contact, a click
-- or a visitor of his; and the other stages of their leads?
-- Grain: one row per external id and day. Parameters: site, zone String; visitors Array(UInt64);
--   ids, contacts Array(String)
WITH own AS
(
    SELECT external_id, lead FROM offline_conversions
    WHERE site = {site:String} AND (external_id IN {ids:Array(String)}
        OR visitor IN {visitors:Array(UInt64)}
        OR email_hash IN {contacts:Array(String)} OR phone_hash IN {contacts:Array(String)}
        OR user_hash IN {contacts:Array(String)}
        OR (click_id != '' AND click_id IN (SELECT click_id FROM events
            WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}))
        OR (code != '' AND code IN (SELECT code FROM events
            WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)})))
)
SELECT DISTINCT external_id, toDate(time, {zone:String}) AS day FROM offline_conversions
WHERE site = {site:String} AND if(lead = '', external_id, lead) IN
    (SELECT if(lead = '', external_id, lead) FROM own)
