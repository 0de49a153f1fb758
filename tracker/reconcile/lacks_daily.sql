-- Question: are there visits or spend, and no daily sums of any?
-- Grain: one row. Covers every site: it is housekeeping. Parameters: none
SELECT (SELECT count() FROM daily) = 0
    AND ((SELECT count() FROM visits) > 0 OR (SELECT count() FROM site_spend) > 0)
