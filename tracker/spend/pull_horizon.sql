-- Question: up to which version were slices published before an instant?
-- Grain: one row, 0 for none. Covers every tenant: it is housekeeping.
-- Parameters: before DateTime64(3)
SELECT max(version) FROM spend_slices WHERE imported < {before:DateTime64(3, 'UTC')}
