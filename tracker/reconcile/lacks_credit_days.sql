-- Question: is there credit, and no sums of its days?
-- Grain: one row. Covers every site: it is housekeeping. Parameters: none
SELECT (SELECT count() FROM credit_days) = 0 AND (SELECT count() FROM credits) > 0
