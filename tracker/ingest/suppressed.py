"""Visitors who have asked to be forgotten, as numbers, kept up to date from the erasure list.

The list (``tracker.accounts.suppression``) holds visitors as 16 hexadecimal digits: the form that
``visitor_text`` gives and ``visitor_number`` reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

from sqlalchemy import Engine, select

from tracker.accounts import schema
from tracker.accounts.clock import EPOCH
from tracker.ingest.identity import visitor_number

#: Entries are read again this far back, for those committed late or under another clock.
OVERLAP = timedelta(minutes=10)


def visitor_text(visitor: int) -> str:
    """A visitor number as the erasure list writes it."""
    return f"{visitor:016x}"


class Suppressed:
    """``(site, visitor)`` → whether to forget. Reads only what the list has gained.

    Entries never leave the list while a process runs. SQLAlchemyError when the store is away.
    """

    def __init__(self, db: Engine, *, every: float = 5.0) -> None:
        self._db = db
        self._every = every
        self._lock = Lock()
        self._read = float("-inf")
        self._latest = EPOCH
        self._visitors: set[tuple[str, int]] = set()

    def __call__(self, site: str, visitor: int) -> bool:
        """Whether the visitor is on the list, as of some seconds ago."""
        if monotonic() - self._read >= self._every:
            self.refresh()
        return (site, visitor) in self._visitors

    def __len__(self) -> int:
        return len(self._visitors)

    def refresh(self) -> None:
        """Read what the list has gained since the last time."""
        table = schema.suppressed_visitors
        query = select(table).where(table.c.since >= self._latest)
        with self._lock:
            newest: datetime = self._latest
            with self._db.connect() as connection:
                for row in connection.execute(query):
                    self._visitors.add((row.site, visitor_number(row.visitor)))
                    newest = max(newest, row.since)
            if newest > EPOCH:
                self._latest = max(self._latest, newest - OVERLAP)
            self._read = monotonic()
