-- Question: none: it erases decisions that name a visitor as the other one, for good.
-- Grain: rows of person_links. Parameters: site String; names Array(String)
ALTER TABLE person_links DELETE WHERE site = {site:String} AND other IN {names:Array(String)}
