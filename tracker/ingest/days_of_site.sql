-- Question: on which UTC days has a site events? Grain: one row per day, in order.
-- Parameters: site String
SELECT toDate(time) AS day FROM events WHERE site = {site:String} GROUP BY day ORDER BY day
