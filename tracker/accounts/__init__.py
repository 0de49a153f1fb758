"""Metadata: accounts, users, rights, sites, goals, work lists and the record of runs."""
