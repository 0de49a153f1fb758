-- Question: what did each source earn on each day of conversions, under every rule model?
-- Grain: one row per (site, model, day, goal, touch day, source key), into `credit_days`, for the
-- credit of one build. Parameters: build UInt64, sites Array(String), first Date, last Date
INSERT INTO credit_days (site, model, day, build, goal, touch_day, source_key, weight, amount,
    own_amount, own_gain, unpriced_value, valued, lags, counts, earns)
SELECT site, model, day, build, goal, touch_day, source_key, sum(toInt64(credits.weight)),
    sum(credits.amount), sum(credits.own_amount), sum(credits.own_gain), countIf(rate_missing), countIf(has_value),
    arraySort(groupArrayIf(lag, position > 0 AND credits.weight > 0)), counts, earns
FROM credits
WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
    AND build = {build:UInt64}
GROUP BY site, model, day, build, goal, touch_day, source_key, counts, earns
