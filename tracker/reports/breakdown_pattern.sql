-- Question: can the engine read this regular expression?
-- Grain: one row; an error if not. Parameters: pattern String
SELECT match('', {pattern:String})
