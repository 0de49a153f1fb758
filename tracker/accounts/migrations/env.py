"""Alembic's entry: runs the revisions on the connection that ``database.migrate`` hands over.

That connection is inside a write transaction already, which neither Alembic nor a revision ends.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from tracker.accounts.schema import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    # SQLite can roll back DDL; Alembic assumes that it cannot.
    transactional_ddl=True,
)
context.run_migrations()
