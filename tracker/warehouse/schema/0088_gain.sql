-- The gain before ads that a conversion has of its own, by the cost of its order or the margin of its
-- product group. Without one the margin of the site decides, when a report is read: so it is with rows
-- made before this.
ALTER TABLE offline_conversions {on_cluster}
    ADD COLUMN IF NOT EXISTS product_group LowCardinality(String) AFTER tax_rate,
    ADD COLUMN IF NOT EXISTS order_cost Nullable(Decimal(18, 6)) AFTER product_group;
ALTER TABLE conversions {on_cluster}
    ADD COLUMN IF NOT EXISTS product_group LowCardinality(String) AFTER value_site,
    ADD COLUMN IF NOT EXISTS order_cost Nullable(Decimal(18, 6)) AFTER product_group,
    ADD COLUMN IF NOT EXISTS gain_site Nullable(Decimal(18, 6)) AFTER order_cost;
-- Of the amount the part that has a gain of its own, and that gain, in 1e-6 of the site's currency.
ALTER TABLE credits {on_cluster}
    ADD COLUMN IF NOT EXISTS own_amount Int64 DEFAULT 0 AFTER amount,
    ADD COLUMN IF NOT EXISTS own_gain Int64 DEFAULT 0 AFTER own_amount;
ALTER TABLE credit_days {on_cluster}
    ADD COLUMN IF NOT EXISTS own_amount Int64 DEFAULT 0 AFTER amount,
    ADD COLUMN IF NOT EXISTS own_gain Int64 DEFAULT 0 AFTER own_amount;
