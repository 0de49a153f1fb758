-- Question: what was decided about these visitors?
-- Grain: one row per decision, oldest first. Parameters: site String; visitors Array(UInt64);
--   names Array(String), the same visitors in hexadecimal
SELECT visitor, other, joined, version FROM person_links
WHERE site = {site:String}
    AND (visitor IN {visitors:Array(UInt64)} OR other IN {names:Array(String)})
ORDER BY version, visitor, other
