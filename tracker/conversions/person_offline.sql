-- Question: which offline conversions are a person's: matched to him, with a contact or a visitor of
-- his, with a click id or order id that he was the first to bring, with a visit code that he was the last
-- to have before the lead began; and the other stages of their leads?
-- Grain: one row per external id and day. Parameters: site, zone String; visitors Array(UInt64);
--   contacts Array(String)
-- Reads facts, as what was entered since the last reconcile is his, too. What others brought first is
-- theirs (conversions.sql): a colleague who opens a shared link has no part in the order. A code that
-- nobody had before the lead began is taken for his.
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
    coded AS
    (
        SELECT DISTINCT if(lead = '', external_id, lead) AS lead_key, toString(code) AS code
        FROM offline_conversions
        WHERE site = {site:String} AND code != '' AND code IN (SELECT code FROM his)
    ),
    began AS
    (
        SELECT if(fact.1 = '', external_id, fact.1) AS lead_key,
            if(max(NOT fact.3), minIf(fact.2, NOT fact.3), min(fact.2)) AS since
        FROM
        (
            SELECT external_id, argMax((lead, time, ifNull(value < 0, false), removed), version) AS fact
            FROM offline_conversions
            WHERE site = {site:String}
            GROUP BY external_id
            HAVING NOT fact.4
        )
        WHERE lead_key IN (SELECT lead_key FROM coded)
        GROUP BY lead_key
    ),
    calls AS
    (
        SELECT c.lead_key AS lead_key, c.code AS code,
            argMaxIf(e.visitor, (e.time, e.event_id), e.time <= b.since) AS caller
        FROM coded AS c
        LEFT JOIN began AS b ON c.lead_key = b.lead_key
        INNER JOIN (SELECT toString(code) AS code, visitor, time, event_id FROM events
            WHERE site = {site:String} AND code IN (SELECT code FROM coded)) AS e ON c.code = e.code
        GROUP BY lead_key, code
        HAVING caller = 0 OR caller IN {visitors:Array(UInt64)}
    ),
    own AS
    (
        SELECT if(lead = '', external_id, lead) AS lead_key FROM offline_conversions
        WHERE site = {site:String} AND (visitor IN {visitors:Array(UInt64)}
            OR email_hash IN {contacts:Array(String)} OR phone_hash IN {contacts:Array(String)}
            OR user_hash IN {contacts:Array(String)}
            OR click_id IN (SELECT click_id FROM clicks)
            OR order_id IN (SELECT order_id FROM orders)
            OR (lead_key, code) IN (SELECT lead_key, code FROM calls)
            OR external_id IN
                (SELECT external_id FROM conversions
                WHERE site = {site:String} AND external_id != ''
                    AND (visitor IN {visitors:Array(UInt64)} OR person IN {visitors:Array(UInt64)})
                    AND (day, build) IN (SELECT day, max(build) FROM slices
                        WHERE site = {site:String} AND kind = 'credits' GROUP BY day)))
    )
SELECT DISTINCT external_id, toDate(time, {zone:String}) AS day FROM offline_conversions
WHERE site = {site:String} AND if(lead = '', external_id, lead) IN (SELECT lead_key FROM own)
