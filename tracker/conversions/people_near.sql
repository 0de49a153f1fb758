-- Question: which visitors belong to the persons of these visitors and contacts?
-- Grain: one row per visitor. Parameters: site String; visitors Array(UInt64); nodes Array(String)
WITH standing AS
(
    SELECT visitor, argMax(person, version) AS person FROM person_members
    WHERE site = {site:String} GROUP BY visitor
)
SELECT visitor FROM standing WHERE person IN
    (SELECT person FROM standing WHERE visitor IN {visitors:Array(UInt64)} OR visitor IN
        (SELECT visitor FROM person_members WHERE site = {site:String} AND node IN {nodes:Array(String)}))
