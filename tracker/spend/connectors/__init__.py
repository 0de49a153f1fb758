"""Connectors: what ad platforms say of an account's days, over their APIs, as batches of rows."""
