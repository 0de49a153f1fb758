"""The metadata database: opened by URL, migrated, written in short transactions.

SQLite (one file, WAL) is the default; PostgreSQL through psycopg 3 is for several machines.
Both are used in the same way: reads through ``db.connect()``, writes through ``write(db)``.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from tracker.errors import ConfigError, Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
#: How long a writer waits for another one, in seconds.
BUSY_SECONDS = 30
#: Key of the PostgreSQL advisory lock that lets one process migrate at a time.
MIGRATION_LOCK = 0x747261636B6572
ALLOWED = "Allowed: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE."
_WRITES = "tracker_writes"


def open_database(url: str) -> Engine:
    """An engine for ``sqlite:///PATH`` or ``postgresql://…``; nothing is migrated yet.

    A SQLite file that does not exist is made, readable by its owner only, with its directory.
    ConfigError for a URL that cannot be used, Unavailable for a database that does not answer.
    """
    parsed = _parse_url(url)
    db = _open_sqlite(parsed) if parsed.drivername == "sqlite" else _open_postgresql(parsed)
    try:
        ping(db)
    except Unavailable:
        db.dispose()
        raise
    return db


def ping(db: Engine) -> None:
    """One round trip; Unavailable when the database does not answer."""
    try:
        with db.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        raise Unavailable(
            f"The metadata database {_shown(db.url)} does not answer: {_first_line(error)}.",
            hint="Check TRACKER_DATABASE_URL, and that the database runs and may be written.",
        ) from error


@contextmanager
def write(db: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end of the block, rolled back by an exception.

    On SQLite it is BEGIN IMMEDIATE, so a read followed by a write in the block cannot lose
    against another writer; on PostgreSQL use one statement or lock rows for that.
    """
    with db.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def migrate(db: Engine) -> None:
    """Bring the schema to the newest revision; safe when several processes start at once.

    The whole upgrade is one transaction under a lock, so others see the old schema or the new.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with write(db) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("TRACKER_DATABASE_URL is not a database URL.", hint=ALLOWED) from error
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigError(
            f"TRACKER_DATABASE_URL names an unsupported database {parsed.drivername!r}.",
            hint=ALLOWED,
        )
    if not parsed.database or parsed.database == ":memory:":
        # NOTE: an in-memory SQLite database belongs to one connection; threads would not share it.
        raise ConfigError("TRACKER_DATABASE_URL is SQLite without a file.", hint=ALLOWED)
    return parsed.set(drivername="sqlite")


def _open_postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, pool_size=10, max_overflow=30, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"PostgreSQL needs the package {error.name!r}, which is not installed.",
            hint="Install it with: pip install 'tracker[postgresql]'.",
        ) from error


def _open_sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It holds password hashes; SQLite gives its -wal and -shm files the same mode.
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"Cannot make the metadata database {path}: {error.strerror}.",
            hint="Choose a writable directory with TRACKER_DATA or TRACKER_DATABASE_URL.",
        ) from error
    db = create_engine(url, pool_size=10, max_overflow=30, connect_args={"timeout": BUSY_SECONDS})
    event.listen(db, "connect", _prepare_sqlite)
    event.listen(db, "begin", _begin_sqlite)
    return db


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # NOTE: with pysqlite's own transaction handling BEGIN would come late and be deferred; two
    # writers that both read first would then lose updates. BEGIN is ours (see _begin_sqlite).
    connection.isolation_level = None
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        # Dirty marks must outlive a power cut once their spool segment is gone.
        cursor.execute("PRAGMA synchronous = FULL")
        _enter_wal(cursor)


def _enter_wal(cursor: sqlite3.Cursor) -> None:
    # NOTE: the switch to WAL does not wait for the busy timeout; two processes that open a new
    # file at once would otherwise fail with "database is locked".
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".") if str(error.orig) else "no detail"
