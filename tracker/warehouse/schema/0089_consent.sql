-- How the visitor brought the click id: 0 known to the browser, 1 by a hash of the day, 2 with the event
-- by which he consented. A click id that was brought without consent first is of him who consents
-- within half an hour. Rows made before this say 0.
ALTER TABLE clicks {on_cluster}
    ADD COLUMN IF NOT EXISTS how SimpleAggregateFunction(max, UInt8) AFTER last;
