-- Question: which of these sites have sources that no published resolution knows?
-- Grain: one row per site. Parameters: sites Array(String)
SELECT DISTINCT site FROM sources
WHERE site IN {sites:Array(String)} AND (site, source_key) NOT IN
    (SELECT site, source_key FROM resolution
    WHERE site IN {sites:Array(String)} AND (site, build) IN
        (SELECT site, max(build) FROM slices
        WHERE kind = 'resolution' AND site IN {sites:Array(String)} GROUP BY site))
