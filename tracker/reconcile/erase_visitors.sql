-- Question: none: it erases the rows of some visitors, for good.
-- Grain: rows of `events`; the caller puts another table of erasure.py's list in its place.
-- Parameters: site String; visitors Array(UInt64)
ALTER TABLE events DELETE WHERE site = {site:String} AND visitor IN {visitors:Array(UInt64)}
