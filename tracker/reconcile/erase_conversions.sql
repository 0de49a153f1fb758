-- Question: none: it erases conversions, for good.
-- Grain: rows of conversions. Parameters: site String; conversions Array(UInt64)
ALTER TABLE conversions DELETE
WHERE site = {site:String} AND conversion_id IN {conversions:Array(UInt64)}
