-- Merges of the wide tables in little memory: column by column from the first row on, and with
-- buffers that grow as they fill. By default a merge of 100,000 events takes 273 MiB, most of it
-- buffers of 1 MiB for each file of each column; so it takes 11, and no more processor time.

ALTER TABLE events {on_cluster} MODIFY SETTING
    vertical_merge_algorithm_min_rows_to_activate = 1, min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE hits {on_cluster} MODIFY SETTING
    vertical_merge_algorithm_min_rows_to_activate = 1, min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE visits {on_cluster} MODIFY SETTING
    vertical_merge_algorithm_min_rows_to_activate = 1, min_columns_to_activate_adaptive_write_buffer = 1;
