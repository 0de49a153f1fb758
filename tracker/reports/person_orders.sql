-- Question: which offline conversions are these visitors'?
-- Grain: rows of offline_conversions, every version.
-- Parameters: site String; visitors Array(UInt64); most UInt64
SELECT * FROM offline_conversions
WHERE site = {site:String} AND (visitor IN {visitors:Array(UInt64)} OR external_id IN
        (SELECT external_id FROM conversions WHERE site = {site:String} AND external_id != ''
            AND (visitor IN {visitors:Array(UInt64)} OR person IN {visitors:Array(UInt64)}))
    OR email_hash IN (SELECT toString(hash) FROM identities
        WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)})
    OR phone_hash IN (SELECT toString(hash) FROM identities
        WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)})
    OR user_hash IN (SELECT toString(hash) FROM identities
        WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}))
ORDER BY external_id, version
LIMIT {most:UInt64}
