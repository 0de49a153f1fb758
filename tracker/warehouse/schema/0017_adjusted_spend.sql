-- What spend cost really: platform cost (账面消费) after the account's dated rules of fees, tax and
-- the cash ratio of recharges (实际现金). Rows made before this have no rules: the same as the cost.
ALTER TABLE site_spend {on_cluster}
    ADD COLUMN IF NOT EXISTS adjusted Decimal(18, 6) DEFAULT cost AFTER cost_site;
ALTER TABLE site_spend {on_cluster}
    ADD COLUMN IF NOT EXISTS adjusted_site Nullable(Decimal(18, 6)) DEFAULT cost_site AFTER adjusted;

-- Where a rate comes from, and of which day it is: earlier than `day` for one that was carried over
-- days on which none is published. Rates imported before this are those of their own day.
ALTER TABLE rates {on_cluster}
    ADD COLUMN IF NOT EXISTS quoted Date DEFAULT day;
ALTER TABLE rates {on_cluster}
    ADD COLUMN IF NOT EXISTS source LowCardinality(String) DEFAULT 'file';
