-- Question: which pulls have rows that stood no more at the horizon? Those never published, too.
-- Grain: one row with their number. Covers every tenant: it is housekeeping.
-- Parameters: horizon UInt64, the version of the newest slice that was imported so long ago
SELECT uniqExact(pull) FROM spend
WHERE pull <= {horizon:UInt64} AND (tenant, platform, account, day, last_day, scope, pull) NOT IN
    (SELECT tenant, platform, account, day, last_day, scope, argMax(s.pull, s.version)
    FROM spend_slices AS s WHERE s.version <= {horizon:UInt64}
    GROUP BY tenant, platform, account, day, last_day, scope)
