-- Question: when did the newest event happen that is loaded?
-- Grain: one row, null without events. Covers every site: it is housekeeping. Parameters: none
SELECT if(count() > 0, max(time), NULL) FROM events
