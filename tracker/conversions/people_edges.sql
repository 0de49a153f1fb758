-- Question: which contacts have these visitors, and how many visitors share each of them?
-- Grain: one row per (visitor, contact hash). Parameters: site String; visitors Array(UInt64)
WITH own AS
(
    SELECT DISTINCT visitor, toString(hash) AS contact FROM identities
    WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}
)
SELECT o.visitor, o.contact, s.visitors FROM own AS o INNER JOIN
    (SELECT toString(hash) AS contact, uniqExact(visitor) AS visitors FROM identities
    WHERE site = {site:String} AND hash IN (SELECT contact FROM own) GROUP BY contact) AS s
    ON o.contact = s.contact
