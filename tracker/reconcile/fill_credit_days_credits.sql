-- Question: what did each source earn on each day of every build? As attribution/credit_days.sql,
-- for all of them.
-- Grain: one row per (site, model, day, build, goal, touch day, source key), into
-- `credit_days_filling`. Parameters: none
INSERT INTO credit_days_filling (site, model, day, build, goal, touch_day, source_key, weight, amount,
    own_amount, own_gain, unpriced_value, valued, lags, counts, earns)
SELECT site, model, day, build, goal, touch_day, source_key, sum(toInt64(credits.weight)),
    sum(credits.amount), sum(credits.own_amount), sum(credits.own_gain), countIf(rate_missing), countIf(has_value),
    arraySort(groupArrayIf(lag, position > 0)), counts, earns
FROM credits
GROUP BY site, model, day, build, goal, touch_day, source_key, counts, earns
