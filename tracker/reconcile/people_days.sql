-- Question: on which local days did these visitors do anything, on the site or away from it?
-- Grain: one row per day. Parameters: site, zone String; visitors Array(UInt64)
SELECT DISTINCT day FROM
(
    SELECT day FROM visits
    WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}
    UNION ALL
    SELECT day FROM conversions
    WHERE site = {site:String}
        AND (visitor IN {visitors:Array(UInt64)} OR person IN {visitors:Array(UInt64)})
    UNION ALL
    SELECT toDate(time, {zone:String}) FROM identities
    WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}
)
ORDER BY day
