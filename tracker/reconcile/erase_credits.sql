-- Question: none: it erases the credit of some conversions, for good.
-- Grain: rows of credits. Parameters: site String; conversions Array(UInt64)
ALTER TABLE credits DELETE
WHERE site = {site:String} AND conversion_id IN {conversions:Array(UInt64)}
