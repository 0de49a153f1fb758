-- Question: to which keyword does each source belong, or why to none?
-- Grain: one row per source; `keyword_key` is canonical, 0 = unattributed.
-- Parameters: site String; resolution UInt64 (the build that counts)
SELECT source_key, keyword_key, platform, reason
FROM resolution
WHERE site = {site:String} AND build = {resolution:UInt64}
