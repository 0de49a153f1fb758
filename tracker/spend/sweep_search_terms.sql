-- Question: which rows of `search_terms` belong to pulls that stood no more at the horizon? They go.
-- Grain: rows of every tenant: it is housekeeping. Parameters: horizon UInt64
DELETE FROM search_terms
WHERE pull <= {horizon:UInt64} AND (tenant, platform, account, day, pull) NOT IN
    (SELECT tenant, platform, account, day, argMax(s.pull, s.version)
    FROM fact_slices AS s WHERE s.version <= {horizon:UInt64} AND s.fact = 'search_terms'
    GROUP BY tenant, platform, account, day)
