-- Question: which builds were published long enough ago that no report pins a state before them?
-- Grain: one row: the highest such build, 0 if none. Covers every site: it is housekeeping.
-- Parameters: before DateTime64(3)
SELECT max(build) FROM slices WHERE published < {before:DateTime64(3, 'UTC')}
