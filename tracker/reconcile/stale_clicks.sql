-- Question: which published visits say other things of their click id than is known now?
-- Grain: one row per (site, local day, bucket) with such visits.
-- Parameters: build UInt64 (of the rows of `clicked` that say what is known); sites Array(String);
--   again Bool: only click ids that came again later, or by somebody else
-- The rules are those of visits/hits.sql.
WITH
    known AS
    (
        SELECT *, (campaign_id, ad_group_id, keyword_id, match_type, keyword) AS place FROM clicked
        WHERE site IN {sites:Array(String)} AND build = {build:UInt64}
            AND (again OR NOT {again:Bool})
    ),
    met AS
    (
        SELECT site, day, bucket, build, visitor, start, source_key, platform, paid, arrived, click_id
        FROM visits
        WHERE site IN {sites:Array(String)} AND click_id != ''
            AND day >= (SELECT min(first_day) FROM known) - 1
            AND (site, click_id) IN (SELECT site, click_id FROM known)
    ),
    published AS
    (
        SELECT site, day, bucket, max(build) AS build FROM slices
        WHERE kind = 'visits' AND site IN {sites:Array(String)}
            AND day >= (SELECT min(first_day) FROM known) - 1
        GROUP BY site, day, bucket
    ),
    stood AS
    (
        SELECT site, source_key, looked, if(shared = 'referrer', '', toString(shared)) AS shared,
            (look_campaign_id, look_ad_group_id, look_keyword_id, toString(look_match_type),
                look_keyword) AS place
        FROM sources
        WHERE site IN {sites:Array(String)}
            AND (site, source_key) IN (SELECT site, source_key FROM met)
        LIMIT 1 BY site, source_key
    )
SELECT DISTINCT v.site AS site, v.day AS day, v.bucket AS bucket
FROM met AS v
INNER JOIN known AS k ON v.site = k.site AND v.click_id = k.click_id
INNER JOIN stood AS s ON v.site = s.site AND v.source_key = s.source_key
WHERE (v.site, v.day, v.bucket, v.build) IN (SELECT site, day, bucket, build FROM published)
    AND ((k.looked AND k.platform = v.platform) != s.looked
        OR (s.looked AND k.place != s.place)
        OR multiIf(NOT v.paid, '', k.owner != v.visitor, 'visitor', v.start > k.first + toIntervalDay(90)
                OR (k.looked AND k.platform = v.platform AND k.first_day > k.click_day + 1),
                'age', '') != s.shared
        OR (v.arrived AND v.start > k.first + toIntervalMinute(30)))
ORDER BY site, day, bucket
