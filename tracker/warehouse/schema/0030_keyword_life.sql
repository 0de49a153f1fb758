-- Names that a keyword (or a campaign's row without one) had on other days than its latest, in
-- normal form: (campaign, ad group, keyword). Tags that were written before a renaming have them.
ALTER TABLE keywords {on_cluster}
    ADD COLUMN IF NOT EXISTS former Array(Tuple(String, String, String));
