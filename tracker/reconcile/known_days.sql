-- Question: on which local days has this site events, published slices, or offline conversions?
-- Slices of a whole site, such as its keywords, have no day (1970-01-01) and are left out.
-- Grain: one row per (kind, day, bucket). Kind `events` has bucket 0 always: the caller expands it.
-- Parameters: site String; zone String, an IANA name
SELECT DISTINCT kind, day, bucket FROM
(
    SELECT 'events' AS kind, toDate(time, {zone:String}) AS day, toUInt16(0) AS bucket
    FROM events WHERE site = {site:String}
    UNION ALL
    SELECT kind, day, bucket FROM slices WHERE site = {site:String} AND day != toDate(0)
    UNION ALL
    SELECT 'credits' AS kind, toDate(time, {zone:String}) AS day, toUInt16(0) AS bucket
    FROM offline_conversions WHERE site = {site:String}
)
ORDER BY kind, day, bucket
