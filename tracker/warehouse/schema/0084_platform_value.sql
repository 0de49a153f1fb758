-- The value of conversions as the platform reports it, in the site's currency; null without a rate.
-- Rows made before this have it where they cost what they cost in the site's currency; in others it
-- is unknown until they are built again.
ALTER TABLE site_spend {on_cluster}
    ADD COLUMN IF NOT EXISTS platform_value_site Nullable(Decimal(18, 6))
    DEFAULT if(cost != 0 AND cost_site = cost, platform_value, NULL) AFTER platform_value;
