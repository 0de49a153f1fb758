"""Spend reports as people download them, read into rows. No database, no network."""
