-- Question: none: it erases what stands at other visitors of a person with whom they were joined once, for good.
-- Grain: rows of person_members. Parameters: site String; visitors Array(UInt64); names Array(String),
--   the same visitors in hexadecimal
ALTER TABLE person_members DELETE
WHERE site = {site:String} AND (person IN {visitors:Array(UInt64)}
    OR (position(node, '#') = 17 AND substring(node, 1, 16) IN {names:Array(String)}))
