-- Question: which conversions may have another path or owner, now that this build has rebuilt
-- visit slices?
-- Grain: one row per (site, local day of such conversions); both dates as rows, days as stored.
-- Parameters:
--   build UInt64
--   sites Array(String)
--   fresh tuples (sites, buckets, first day, days): the visit slices of this build, as runs of days
--   first, last Date: the first and the last of their days
--   moved tuples (site, visitor): whose person this build has looked at anew
--   whole, events Array(String), of part `history`: sites with goals that are counted once a person,
--          and what these look for
-- Affected are the later conversions of the visitors of these slices, as they were and as they
-- are; every conversion of the people among them who have identified themselves (their devices
-- share one path); and offline conversions whose visitor, click id, visit code, order id or
-- contact is among the new hits, unless nobody's yet and tried long enough before these days. Where
-- goals are counted once a person, also the events of `moved`: who is no longer one person with
-- somebody may have a first of his own, of which no conversion stands.
-- Parts: `history`: sites have such goals; `people`: visitors of the sites are joined into people (with none, none has moved);
-- `offline`: the sites have offline conversions; `wide`: one of the two.
-- Memory follows the conversions, contacts and people of the sites, not the hits of the slices: of
-- these only what concerns `relevant` visitors, clicks and codes is kept.
WITH
    replaced AS
    (
        SELECT arrayJoin(f.1) AS site, f.3 + arrayJoin(range(f.4)) AS day, arrayJoin(f.2) AS bucket
        FROM (SELECT arrayJoin({fresh:Array(Tuple(Array(String), Array(UInt16), Date, UInt16))}) AS f)
    ),
    before AS
    (
        SELECT site, day, bucket, max(build) AS build FROM slices
        WHERE kind = 'visits' AND site IN {sites:Array(String)}
            AND (site, day, bucket) IN (SELECT site, day, bucket FROM replaced)
        GROUP BY site, day, bucket
    ),
    -- if people
    moved AS
    (
        SELECT m.1 AS site, m.2 AS visitor
        FROM (SELECT arrayJoin({moved:Array(Tuple(String, UInt64))}) AS m)
    ),
    -- end
    published AS
    (
        SELECT site, day, max(build) AS build FROM slices
        WHERE kind = 'credits' AND site IN {sites:Array(String)}
            -- unless wide
            AND day >= {first:Date}
            -- end
        GROUP BY site, day
    ),
    standing AS
    (
        SELECT site, day, visitor, external_id, tried_until FROM conversions
        WHERE site IN {sites:Array(String)}
            -- unless wide
            AND day >= {first:Date}
            -- end
            AND (site, day, build) IN (SELECT site, day, build FROM published)
    ),
    -- NOTE: of conversions that do not stand too; what stands is decided once, at the end.
    relevant AS
    (
        SELECT site, visitor FROM conversions
        WHERE site IN {sites:Array(String)}
            -- unless wide
            AND day >= {first:Date}
            -- end
        -- if people
        UNION DISTINCT
        SELECT site, visitor FROM person_members WHERE site IN {sites:Array(String)}
        UNION DISTINCT
        SELECT site, visitor FROM identities WHERE site IN {sites:Array(String)}
        UNION DISTINCT
        SELECT site, visitor FROM moved
        -- end
        -- if offline
        UNION DISTINCT
        SELECT site, visitor FROM offline_conversions WHERE site IN {sites:Array(String)}
        -- end
    ),
    touched AS
    (
        SELECT site, visitor, day, code, click_id FROM hits
        WHERE site IN {sites:Array(String)} AND day BETWEEN {first:Date} AND {last:Date}
            AND (build = {build:UInt64}
                OR (site, day, bucket, build) IN (SELECT site, day, bucket, build FROM before))
            AND ((site, visitor) IN (SELECT site, visitor FROM relevant)
                -- if offline
                OR (click_id != '' AND (site, click_id) IN (SELECT site, click_id
                    FROM offline_conversions WHERE site IN {sites:Array(String)}))
                OR (code != '' AND (site, code) IN (SELECT site, code
                    FROM offline_conversions WHERE site IN {sites:Array(String)}))
                -- end
            )
    ),
    -- if people
    present AS
    (
        SELECT site, visitor FROM touched UNION DISTINCT SELECT site, visitor FROM moved
    ),
    people AS
    (
        SELECT p.site AS site, p.visitor AS visitor, argMax(p.person, p.version) AS person
        FROM person_members AS p
        WHERE p.site IN {sites:Array(String)}
        GROUP BY site, visitor
    ),
    -- end
    concerned AS
    (
        SELECT site, visitor, min(day) AS since FROM touched GROUP BY site, visitor
        -- if people
        UNION ALL
        SELECT site, visitor, toDate('1970-01-01') AS since FROM people
        WHERE (site, person) IN
            (SELECT site, person FROM people
            WHERE (site, visitor) IN (SELECT site, visitor FROM present))
        -- end
    )
    -- if offline
    ,
    -- Whatever of these days may tell whose a lead is, as (kind, key).
    telling AS
    (
        SELECT site, arrayJoin([('visitor', toString(visitor)), ('click', click_id), ('code', toString(code))]) AS key
        FROM touched
        -- if people
        UNION DISTINCT
        SELECT site, ('contact', toString(hash)) AS key FROM identities
        WHERE site IN {sites:Array(String)} AND (site, visitor) IN (SELECT site, visitor FROM present)
        -- end
        UNION DISTINCT
        SELECT h.site AS site, ('order', arrayFirst(v -> v != '',
            [h.props['order_id'], h.props['transaction_id'], h.props['order']])) AS key
        FROM hits AS h
        WHERE h.site IN (SELECT o.site FROM offline_conversions AS o
                WHERE o.site IN {sites:Array(String)} AND o.order_id != '')
            AND h.day BETWEEN {first:Date} AND {last:Date} AND h.build = {build:UInt64}
            AND h.name != 'pageview'
    ),
    reached AS
    (
        SELECT site, external_id FROM offline_conversions
        ARRAY JOIN [('visitor', if(visitor = 0, '', toString(visitor))), ('click', click_id), ('code', toString(code)),
            ('order', order_id), ('contact', email_hash), ('contact', phone_hash), ('contact', user_hash)] AS key
        WHERE site IN {sites:Array(String)} AND key.2 != ''
            AND (site, key) IN (SELECT site, key FROM telling)
    ),
    together AS
    (
        SELECT site, external_id FROM offline_conversions
        WHERE site IN {sites:Array(String)} AND (site, if(lead = '', external_id, lead)) IN
            (SELECT site, if(lead = '', external_id, lead) FROM offline_conversions
            WHERE site IN {sites:Array(String)}
                AND (site, external_id) IN (SELECT site, external_id FROM reached))
    )
    -- end
SELECT DISTINCT site, day FROM
(
    SELECT s.site AS site, s.day AS day FROM standing AS s
    INNER JOIN (SELECT site, visitor, min(since) AS since FROM concerned GROUP BY site, visitor) AS c
        ON s.site = c.site AND s.visitor = c.visitor
    WHERE s.day >= c.since
    -- if offline
    UNION ALL
    SELECT site, day FROM standing
    WHERE external_id != '' AND (site, external_id) IN (SELECT site, external_id FROM together)
        AND (visitor != 0 OR toDate(tried_until) + 1 >= {first:Date})
    -- end
    -- if people
    -- if history
    UNION ALL
    SELECT site, day FROM hits
    WHERE site IN {whole:Array(String)} AND name IN {events:Array(String)}
        AND (site, visitor) IN (SELECT site, visitor FROM moved)
    -- end
    -- end
)
ORDER BY site, day
