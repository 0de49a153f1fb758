-- What is given back: it takes off value, and is no conversion. A goal of the site that an event
-- reaches has been reached whatever the event's value.
ALTER TABLE conversions {on_cluster}
    ADD COLUMN IF NOT EXISTS is_refund Bool MATERIALIZED origin = 'offline' AND ifNull(value < 0, false);
