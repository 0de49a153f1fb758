-- Question: none: rows that sweeping has only hidden leave the disk too.
-- Grain: rows of `hits`; the caller puts another table of erasure.py's list in its place, of every site: it is
-- housekeeping. Parameters: none
ALTER TABLE hits APPLY DELETED MASK
