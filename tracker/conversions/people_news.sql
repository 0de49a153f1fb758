-- Question: which contacts and decisions about identity are not yet part of `person_members`?
-- Grain: one row per (site, visitor, node); of a decision, one for each visitor that it names.
-- Parameters: sites Array(String)
WITH found AS
(
    SELECT DISTINCT site, visitor, toString(hash) AS node FROM identities
    WHERE site IN {sites:Array(String)}
    UNION ALL
    SELECT site, visitor, concat(other, '#', toString(version)) FROM person_links
    WHERE site IN {sites:Array(String)}
    UNION ALL
    SELECT site, reinterpretAsUInt64(reverse(unhex(other))),
        concat(lower(leftPad(hex(visitor), 16, '0')), '#', toString(version)) FROM person_links
    WHERE site IN {sites:Array(String)} AND length(other) = 16
)
SELECT toString(f.site), f.visitor, f.node FROM found AS f
WHERE (f.site, f.visitor, f.node) NOT IN
    (SELECT site, visitor, node FROM person_members WHERE site IN {sites:Array(String)})
