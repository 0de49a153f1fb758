"""Alembic migrations of the metadata database; forward only, run by ``database.migrate``."""
