-- Question: by what may the leads of these sites be matched besides a visitor? Parts of conversions.sql.
-- Grain: one row for each kind of key that any of their facts has.
-- Parameters: sites Array(String)
SELECT arrayJoin(arrayFilter((name, has) -> has,
    ['click_ids', 'codes', 'order_ids', 'emails', 'phones', 'users'],
    [max(click_id != ''), max(code != ''), max(order_id != ''),
        max(email_hash != ''), max(phone_hash != ''), max(user_hash != '')])) AS key
FROM offline_conversions
WHERE site IN {sites:Array(String)}
