"""INSERT … ON CONFLICT for both databases, which spell it alike but in two dialects."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert


def upsert(connection: Connection, table: Table) -> postgresql.Insert:
    """An INSERT with ``on_conflict_do_update`` and ``on_conflict_do_nothing``.

    The two classes have the same methods, so callers are typed against PostgreSQL's.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    statement: Insert = sqlite.insert(table)
    return statement  # type: ignore[return-value]
