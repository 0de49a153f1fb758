"""The metadata store alone, for commands that need no engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from tracker.accounts.database import migrate, open_database
from tracker.cli.session import settings_now
from tracker.config import make_data


@contextmanager
def metadata() -> Iterator[Engine]:
    """The metadata store, migrated; closed at the end of the block."""
    settings = settings_now()
    make_data(settings)
    db = open_database(settings.metadata_url)
    try:
        migrate(db)
        yield db
    finally:
        db.dispose()
