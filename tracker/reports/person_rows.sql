-- Question: what is stored of these visitors?
-- Grain: rows of `events`; the caller puts another table of person_export.py's list in its place.
-- Parameters: site String; visitors Array(UInt64); most UInt64
SELECT * FROM events
WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}
LIMIT {most:UInt64}
