-- Question: which rows of `account_totals` belong to pulls that stood no more at the horizon? They go.
-- Grain: rows of every tenant: it is housekeeping. Parameters: horizon UInt64
DELETE FROM account_totals
WHERE pull <= {horizon:UInt64} AND (tenant, platform, account, day, pull) NOT IN
    (SELECT tenant, platform, account, day, argMax(s.pull, s.version)
    FROM fact_slices AS s WHERE s.version <= {horizon:UInt64} AND s.fact = 'account_totals'
    GROUP BY tenant, platform, account, day)
