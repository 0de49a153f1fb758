-- Question: up to which pull were facts published before an instant, and how many of those slices
-- have a later one in their place?
-- Grain: one row, (0, 0) for none. Covers every tenant: it is housekeeping.
-- Parameters: before DateTime64(3)
WITH old AS
(
    SELECT tenant, platform, account, day, fact, count() AS pulls, max(version) AS newest
    FROM fact_slices
    WHERE imported < {before:DateTime64(3, 'UTC')} AND fact != 'clicks'
    GROUP BY tenant, platform, account, day, fact
)
SELECT max(newest) AS horizon, countIf(pulls > 1) AS superseded FROM old
