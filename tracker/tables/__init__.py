"""Tables that people download: csv, tsv and xlsx files as rows of text cells, and what a cell says.

Knows nothing of spend, conversions or rates; those packages name the columns they want.
"""
