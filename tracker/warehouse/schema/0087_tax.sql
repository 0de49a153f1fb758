-- The tax that a value includes, as a share of its net value: null where the fact leaves it to the site's
-- rule. What reports add up is net. Rows made before this have counted their values as they were given,
-- which is what a rate of 0 means.
ALTER TABLE offline_conversions {on_cluster}
    ADD COLUMN IF NOT EXISTS tax_rate Nullable(Decimal(18, 6)) AFTER currency;
ALTER TABLE conversions {on_cluster} ADD COLUMN IF NOT EXISTS tax_rate Decimal(18, 6) DEFAULT 0 AFTER currency;
