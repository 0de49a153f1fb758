-- Question: what do sources and keywords of these sites have that resolving them has to look at?
-- Grain: one row per part of resolution.sql that is needed, `sources` where there are any at all.
-- Rows of builds that do not stand count too: a part may be named in vain.
-- Parameters: sites Array(String)
SELECT 'sources' FROM (SELECT 1 FROM sources WHERE site IN {sites:Array(String)} LIMIT 1)
UNION ALL
SELECT 'ids' FROM
    (SELECT 1 FROM sources WHERE site IN {sites:Array(String)} AND paid AND keyword_id != '' LIMIT 1)
UNION ALL
SELECT 'looked' FROM
    (SELECT 1 FROM sources WHERE site IN {sites:Array(String)} AND looked LIMIT 1)
UNION ALL
SELECT 'former' FROM
    (SELECT 1 FROM keywords WHERE site IN {sites:Array(String)} AND notEmpty(former) LIMIT 1)
UNION ALL
SELECT 'rows' FROM
    (SELECT 1 FROM keywords WHERE site IN {sites:Array(String)} AND kind != 'keyword' LIMIT 1)
