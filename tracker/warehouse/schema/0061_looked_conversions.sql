-- A conversion that no visit brought may have a touch that its click look-up tells of.
ALTER TABLE conversions {on_cluster}
    ADD COLUMN IF NOT EXISTS supplied_tag UInt64,        -- the source without what the look-up says
    ADD COLUMN IF NOT EXISTS supplied_click String,      -- the click id that was looked up, or empty
    ADD COLUMN IF NOT EXISTS supplied_time DateTime64(3, 'UTC') DEFAULT path_time,
    ADD COLUMN IF NOT EXISTS supplied_day Date DEFAULT day;
