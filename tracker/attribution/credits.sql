-- Question: which touches earned each conversion, and how much under each model?
-- Grain: one row per (conversion, model, touch with a weight), into `credits`, for the
-- conversions that this build has written.
-- Parameters:
--   build     UInt64
--   sites     tuples (sites, lookback in ms, half-life of the time-decay model in ms); names
--             Array(String): these sites
--   lookbacks tuples (site, goal, lookback in ms): goals with one of their own
--   fresh     tuples (sites, buckets, first day, days): visit slices that this build has rebuilt, as runs
--   first, last Date: of the days of these conversions
--   days      tuples (sites, first day, days): these days as runs, of part `resets`
--   since, until Date: touches of earlier and of later days are out of reach of every path
--   resets    tuples (site, goal): whose path begins after the person's previous conversion of it
-- Parts: `lookbacks`, `resets`, `valued` and `gains` (conversions with a value that counts, with a gain of
-- their own, which have one) where there are any; `people`: visitors of the sites are joined into people.
--
-- The path: visits that are touches, of the conversion's person, that began at most `lookback`
-- before the end of the path (both ends included), in order of time, then visit id. Weights are
-- integers of 1e-9 and amounts integers of 1e-6, both rounded by largest remainder with ties by
-- touch order, so that each sums exactly to its total. What is given back (an offline
-- conversion of less than 0) takes the same shares off the value and is no conversion: its weights are 0.
-- A gain of the conversion's own is split as its value is; `own_amount` is the amount that has one.
INSERT INTO credits (site, model, day, build, conversion_id, goal, touch_day, touch_time, visit_id,
    source_key, position, length, lag, weight, amount, own_amount, own_gain, has_value, rate_missing, counts, earns)
WITH
    toInt64(1000000000) AS unit,
    info AS
    (
        SELECT arrayJoin(s.1) AS site, s.2 AS lookback, s.3 AS half_life
        FROM (SELECT arrayJoin({sites:Array(Tuple(Array(String), Int64, Int64))}) AS s)
    ),
    -- if lookbacks
    own_lookback AS
    (
        SELECT s.1 AS site, s.2 AS goal, s.3 AS lookback
        FROM (SELECT arrayJoin({lookbacks:Array(Tuple(String, String, Int64))}) AS s)
    ),
    -- end
    live AS
    (
        SELECT site, day, bucket, max(build) AS build FROM
        (
            SELECT site, day, bucket, build FROM slices
            WHERE kind = 'visits' AND site IN {names:Array(String)}
                AND day BETWEEN {since:Date} AND {until:Date}
            UNION ALL
            SELECT arrayJoin(f.1), f.3 + arrayJoin(range(f.4)), arrayJoin(f.2), {build:UInt64}
            FROM (SELECT arrayJoin({fresh:Array(Tuple(Array(String), Array(UInt16), Date, UInt16))}) AS f)
        )
        GROUP BY site, day, bucket
    ),
    -- if resets
    published AS
    (
        SELECT site, day, max(build) AS build FROM slices
        WHERE kind = 'credits' AND site IN (SELECT r.1 FROM
            (SELECT arrayJoin({resets:Array(Tuple(String, String))}) AS r))
            AND (site, day) NOT IN
                (SELECT arrayJoin(run.1), run.2 + arrayJoin(range(run.3))
                FROM (SELECT arrayJoin({days:Array(Tuple(Array(String), Date, UInt16))}) AS run))
        GROUP BY site, day
    ),
    before AS
    (
        SELECT DISTINCT site, goal, person, path_time FROM conversions
        WHERE (site, goal) IN {resets:Array(Tuple(String, String))} AND person != 0
            AND (build = {build:UInt64}
                OR (site, day, build) IN (SELECT site, day, build FROM published))
    ),
    -- end
    wanted AS
    (
        SELECT c.site AS site, c.conversion_id AS conversion_id, c.day AS day, c.goal AS goal,
            c.time AS time, c.path_time AS path_time, c.visitor AS visitor, c.person AS person,
            c.value AS value, c.value_site AS value_site, c.rate_missing AS rate_missing,
            c.is_refund AS is_refund,
            -- if gains
            c.gain_site AS gain_site,
            -- end
            c.supplied_key AS supplied_key, c.supplied_time AS supplied_time, c.supplied_day AS supplied_day,
            c.counts AS counts, c.earns AS earns, i.half_life AS half_life,
            -- if lookbacks
            if(o.lookback > 0, o.lookback, i.lookback) AS lookback,
            -- end
            -- unless lookbacks
            i.lookback AS lookback,
            -- end
            -- if resets
            b.path_time AS since
            -- end
            -- unless resets
            toDateTime64(0, 3, 'UTC') AS since
            -- end
        FROM conversions AS c
        INNER JOIN info AS i ON c.site = i.site
        -- if lookbacks
        LEFT JOIN own_lookback AS o ON c.site = o.site AND c.goal = o.goal
        -- end
        -- if resets
        ASOF LEFT JOIN before AS b ON c.site = b.site AND c.goal = b.goal AND c.person = b.person
            AND c.path_time > b.path_time
        -- end
        WHERE c.site IN {names:Array(String)} AND c.day BETWEEN {first:Date} AND {last:Date}
            AND c.build = {build:UInt64}
    ),
    -- if people
    people AS
    (
        SELECT p.site AS site, p.visitor AS visitor, argMax(p.person, p.version) AS person
        FROM person_members AS p
        WHERE p.site IN {names:Array(String)}
        GROUP BY site, visitor
    ),
    -- end
    members AS
    (
        SELECT site, visitor FROM conversions
        WHERE site IN {names:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
            AND build = {build:UInt64} AND visitor != 0
        -- if people
        UNION DISTINCT
        SELECT site, visitor FROM people
        WHERE (site, person) IN
            (SELECT site, person FROM conversions
            WHERE site IN {names:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
                AND build = {build:UInt64} AND visitor != 0)
        -- end
    ),
    touches AS
    (
        SELECT v.site AS site,
            -- if people
            if(p.person != 0, p.person, v.visitor) AS person,
            -- end
            -- unless people
            v.visitor AS person,
            -- end
            v.start AS start, v.visit_id AS visit_id, v.source_key AS source_key, v.day AS day,
            v.channel = 'Direct' AS is_direct, v.paid AND NOT v.shared AS is_paid
        FROM visits AS v
        -- if people
        LEFT JOIN people AS p ON v.site = p.site AND v.visitor = p.visitor
        -- end
        WHERE v.site IN {names:Array(String)} AND v.day BETWEEN {since:Date} AND {until:Date}
            AND v.touch
            AND (v.site, v.visitor) IN (SELECT site, visitor FROM members)
            AND (v.site, v.day, v.bucket, v.build) IN (SELECT site, day, bucket, build FROM live)
    ),
    paths AS
    (
        SELECT w.site AS site, w.conversion_id AS conversion_id, any(w.day) AS day,
            any(w.goal) AS goal, any(w.time) AS time, any(w.path_time) AS path_time,
            any(w.supplied_key) AS supplied, any(w.supplied_time) AS supplied_time,
            any(w.supplied_day) AS supplied_day, any(w.lookback) AS within, any(w.half_life) AS half_life,
            any(w.rate_missing) AS rate_missing,
            any(w.counts) AS counts, any(w.earns) AS earns, any(w.value) AS value, any(w.value_site) AS value_site,
            any(w.is_refund) AS is_refund,
            -- if gains
            any(w.gain_site) AS gain_site,
            -- end
            arraySort(groupArrayIf((t.start, t.visit_id, t.source_key, t.day, t.is_direct,
                t.is_paid), t.source_key != 0 AND t.start <= w.path_time
                AND t.start > w.since
                AND dateDiff('millisecond', t.start, w.path_time) <= w.lookback)) AS found
        FROM wanted AS w
        LEFT JOIN (SELECT * FROM touches) AS t ON w.site = t.site AND w.person = t.person
        GROUP BY w.site, w.conversion_id
    ),
    -- NOTE: in steps, because the engine plans what an alias stands for at each of its uses: in two steps
    -- these arrays were thousands of expressions, and half of what a small build took.
    reached AS
    (
        SELECT *,
            if(empty(found) AND supplied != 0
                AND dateDiff('millisecond', supplied_time, path_time) <= within,
                [(supplied_time, toUInt64(0), supplied, supplied_day, false, true)], found) AS path,
            length(path) AS n,
            -- if gains
            gain_site IS NOT NULL AS owns, toInt64(assumeNotNull(toDecimal128(gain_site, 6)) * 1000000) AS gain_micros,
            -- end
            toInt64(assumeNotNull(toDecimal128(value_site, 6)) * 1000000) AS micros
        FROM paths
    ),
    aged AS
    (
        SELECT *,
            range(1, n + 1) AS positions,
            -- NOTE: no lambda captures an array: a captured array is copied for each of its elements,
            -- and the path of a shop's own tablet has thousands. An array sorted by the places that
            -- another one gives is its inverse: who comes first becomes as which each comes.
            arrayMap(t -> toFloat64(dateDiff('millisecond', t.1, path_time)), path) AS ages,
            ages[n] AS youngest,
            arrayMap(a -> exp2(-(a - youngest) / half_life), ages) AS decays,
            arrayLastIndex(t -> NOT t.5, path) AS indirect,
            arrayLastIndex(t -> t.6, path) AS paid,
            if(indirect = 0, n, indirect) AS last_indirect,
            if(paid = 0, last_indirect, paid) AS last_paid,
            if(n = 0, [(path_time, toUInt64(0), toUInt64(0), day, false, false)], path) AS steps
        FROM reached
    ),
    measured AS
    (
        SELECT *,
            arrayMap(d -> d / arraySum(decays) * unit, decays) AS shares,
            arrayMap(s -> toInt64(floor(s)), shares) AS floors,
            arraySort((i, f, s) -> (f - s, i), positions, floors, shares) AS neediest,
            arraySort((i, who) -> who, positions, neediest) AS needs
        FROM aged
    ),
    weighed AS
    (
        SELECT *,
            arrayJoin([
                ('first', arrayMap(i -> if(i = 1, unit, toInt64(0)), positions)),
                ('last', arrayMap(i -> if(i = n, unit, toInt64(0)), positions)),
                ('last_non_direct', arrayMap(i -> if(i = last_indirect, unit, toInt64(0)), positions)),
                ('last_paid', arrayMap(i -> if(i = last_paid, unit, toInt64(0)), positions)),
                ('linear', arrayMap(i -> toInt64(intDiv(unit, greatest(n, 1))
                    + (i <= unit % greatest(n, 1))), positions)),
                ('position', arrayMap(i -> toInt64(multiIf(n = 1, unit, n = 2, intDiv(unit, 2),
                    i = 1 OR i = n, 400000000, intDiv(200000000, greatest(n, 3) - 2)
                    + (i - 1 <= 200000000 % (greatest(n, 3) - 2)))), positions)),
                ('time_decay', arrayMap((f, need) -> toInt64(f + (need <= unit - arraySum(floors))),
                    floors, needs))
            ]) AS model_weights
        FROM measured
    ),
    dealt AS
    (
        SELECT *,
            model_weights.1 AS model,
            if(n = 0, [unit], model_weights.2) AS weights,
            if(n = 0, [0], positions) AS places,
            -- if valued
            arrayMap(w -> toInt128(abs(micros)) * w, weights) AS products,
            arrayMap(p -> intDiv(p, unit), products) AS whole,
            arraySort((i, p) -> (-(p % unit), i), arrayEnumerate(products), products) AS order,
            arraySort((i, who) -> who, arrayEnumerate(order), order) AS turns,
            arrayMap((w, turn) -> sign(micros) * (w + (turn <= abs(micros) - arraySum(whole))),
                whole, turns) AS amounts,
            -- end
            -- unless valued
            arrayMap(w -> toInt64(0), weights) AS amounts,
            -- end
            -- if gains
            arrayMap(w -> toInt128(abs(gain_micros)) * w, weights) AS gain_products,
            arrayMap(p -> intDiv(p, unit), gain_products) AS gain_whole,
            arraySort((i, p) -> (-(p % unit), i), arrayEnumerate(gain_products), gain_products) AS gain_order,
            arraySort((i, who) -> who, arrayEnumerate(gain_order), gain_order) AS gain_turns,
            arrayMap((w, turn) -> sign(gain_micros) * (w + (turn <= abs(gain_micros) - arraySum(gain_whole))),
                gain_whole, gain_turns) AS gains
            -- end
            -- unless gains
            arrayMap(w -> 0, weights) AS gains
            -- end
        FROM weighed
    )
SELECT
    site, model, day, {build:UInt64} AS build, conversion_id, goal,
    if(place = 0, day, step.4) AS touch_day,
    if(place = 0, time, step.1) AS touch_time,
    step.2 AS visit_id, step.3 AS source_key,
    place AS position, n AS length,
    dateDiff('millisecond', touch_time, time) AS lag,
    if(is_refund, 0, share) AS weight, amount,
    -- if gains
    if(owns, amount, 0) AS own_amount, if(owns, gain, 0) AS own_gain,
    -- end
    -- unless gains
    0 AS own_amount, gain AS own_gain,
    -- end
    value IS NOT NULL AS has_value, rate_missing, counts, earns
FROM dealt
ARRAY JOIN places AS place, steps AS step, weights AS share, amounts AS amount, gains AS gain
WHERE share > 0
