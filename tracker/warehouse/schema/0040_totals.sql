-- What a conversion adds to totals of all goals and stages: it may count, and its value may be
-- revenue. A report of one goal takes no notice. Rows made before this add both.
ALTER TABLE conversions {on_cluster} ADD COLUMN IF NOT EXISTS counts Bool DEFAULT true;
ALTER TABLE conversions {on_cluster} ADD COLUMN IF NOT EXISTS earns Bool DEFAULT true;
ALTER TABLE credits {on_cluster} ADD COLUMN IF NOT EXISTS counts Bool DEFAULT true;
ALTER TABLE credits {on_cluster} ADD COLUMN IF NOT EXISTS earns Bool DEFAULT true;
ALTER TABLE credit_days {on_cluster} ADD COLUMN IF NOT EXISTS counts Bool DEFAULT true;
ALTER TABLE credit_days {on_cluster} ADD COLUMN IF NOT EXISTS earns Bool DEFAULT true;
