-- Question: which offline conversions are a person's: matched to him, with a contact or a visitor of
-- his, with a click id, order id or visit code that he was the first to bring; and the other stages of
-- their leads?
-- Grain: one row per external id and day. Parameters: site, zone String; visitors Array(UInt64);
--   contacts Array(String)
-- Reads facts, as what was entered since the last reconcile is his, too. What others brought first is
-- theirs (conversions.sql): a colleague who opens a shared link has no part in the order.
WITH
    his AS
    (
        SELECT click_id, code, arrayFirst(v -> v != '', [props['order_id'], props['transaction_id'],
            props['order']]) AS order_id
        FROM events
        WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}
    ),
    clicks AS
    (
        SELECT click_id FROM events
        WHERE site = {site:String} AND click_id IN (SELECT click_id FROM his WHERE click_id != '')
        GROUP BY click_id
        HAVING argMin(visitor, (time, event_id)) IN {visitors:Array(UInt64)}
    ),
    orders AS
    (
        SELECT arrayFirst(v -> v != '', [props['order_id'], props['transaction_id'], props['order']]) AS order_id
        FROM events
        WHERE site = {site:String} AND name != 'pageview'
            AND order_id IN (SELECT order_id FROM his WHERE order_id != '')
        GROUP BY order_id
        HAVING argMin(visitor, (time, event_id)) IN {visitors:Array(UInt64)}
    ),
    own AS
    (
        SELECT if(lead = '', external_id, lead) AS lead_key FROM offline_conversions
        WHERE site = {site:String} AND (visitor IN {visitors:Array(UInt64)}
            OR email_hash IN {contacts:Array(String)} OR phone_hash IN {contacts:Array(String)}
            OR user_hash IN {contacts:Array(String)}
            OR click_id IN (SELECT click_id FROM clicks)
            OR order_id IN (SELECT order_id FROM orders)
            OR (code != '' AND code IN (SELECT code FROM his))
            OR external_id IN
                (SELECT external_id FROM conversions
                WHERE site = {site:String} AND external_id != ''
                    AND (visitor IN {visitors:Array(UInt64)} OR person IN {visitors:Array(UInt64)})
                    AND (day, build) IN (SELECT day, max(build) FROM slices
                        WHERE site = {site:String} AND kind = 'credits' GROUP BY day)))
    )
SELECT DISTINCT external_id, toDate(time, {zone:String}) AS day FROM offline_conversions
WHERE site = {site:String} AND if(lead = '', external_id, lead) IN (SELECT lead_key FROM own)
