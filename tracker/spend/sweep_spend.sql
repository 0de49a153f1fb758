-- Question: which rows of spend belong to pulls that stood no more at the horizon? They go.
-- Grain: rows of spend, of every tenant: it is housekeeping. Parameters: horizon UInt64
DELETE FROM spend
WHERE pull <= {horizon:UInt64} AND (tenant, platform, account, day, last_day, scope, pull) NOT IN
    (SELECT tenant, platform, account, day, last_day, scope, argMax(s.pull, s.version)
    FROM spend_slices AS s WHERE s.version <= {horizon:UInt64}
    GROUP BY tenant, platform, account, day, last_day, scope)
