"""Visitors whose data was erased: what still arrives of them is not stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine, select

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert

#: Ids in one statement, well under the parameter limits of both databases.
CHUNK = 500


def suppress_visitors(
    db: Engine, site: str, visitors: Iterable[str], *, now: datetime | None = None
) -> None:
    """Put visitor ids on the site's erasure list; those on it already stay as they are."""
    instant = now or utc_now()
    rows = [
        {"site": site, "visitor": visitor, "since": instant} for visitor in sorted(set(visitors))
    ]
    if not rows:
        return
    with write(db) as connection:
        statement = upsert(connection, schema.suppressed_visitors).on_conflict_do_nothing()
        connection.execute(statement, rows)


def suppressed_among(db: Engine, site: str, visitors: Iterable[str]) -> frozenset[str]:
    """Which of the visitor ids are on the site's erasure list."""
    table = schema.suppressed_visitors
    wanted = sorted(set(visitors))
    found: set[str] = set()
    with db.connect() as connection:
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            query = select(table.c.visitor).where(table.c.site == site, table.c.visitor.in_(chunk))
            found.update(connection.execute(query).scalars())
    return frozenset(found)
