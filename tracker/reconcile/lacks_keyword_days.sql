-- Question: are there visits or spend, and no sums of keywords' days?
-- Grain: one row. Covers every site: it is housekeeping. Parameters: none
SELECT (SELECT count() FROM keyword_days) = 0
    AND ((SELECT count() FROM visits) > 0 OR (SELECT count() FROM site_spend) > 0)
