-- Question: which visitors are the people that these visitors belong to?
-- Grain: one row per visitor of a person with several or with a contact.
-- Parameters: site String; visitors Array(UInt64)
WITH members AS
(
    SELECT visitor, argMax(person, version) AS person FROM person_members
    WHERE site = {site:String} GROUP BY visitor
)
SELECT visitor, person FROM members
WHERE person != 0
    AND person IN (SELECT person FROM members WHERE visitor IN {visitors:Array(UInt64)})
