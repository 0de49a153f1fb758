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

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError

from tracker.errors import ConfigError, Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
#: How long a writer waits for another one, in seconds.
BUSY_SECONDS = 30
#: Key of the PostgreSQL advisory lock that lets one process migrate at a time.
MIGRATION_LOCK = 0x747261636B6572
ALLOWED = "Allowed: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE."
#: SQLite's primary error codes that speak of the file, not of the statement.
SQLITE_AWAY = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    )
)
_WRITES = "tracker_writes"


def open_database(url: str) -> Engine:
    """An engine for ``sqlite:///PATH`` or ``postgresql://…``; nothing is migrated yet.

    A SQLite file that does not exist is made, readable by its owner only, with its directory.
    ConfigError for a URL that cannot be used. Whenever the database is away, locked for too long,
    full or broken, whatever uses the engine raises Unavailable.
    """
    parsed = _parse_url(url)
    db = _open_sqlite(parsed) if parsed.drivername == "sqlite" else _open_postgresql(parsed)
    event.listen(db, "handle_error", _translate)
    try:
        ping(db)
    except Unavailable:
        db.dispose()
        raise
    return db


def ping(db: Engine) -> None:
    """One round trip; Unavailable when the database does not answer."""
    with db.connect() as connection:
        connection.execute(text("SELECT 1"))


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
    if _revision(db) == newest_revision():
        return
    # Alembic takes a tenth of a second to import, which every command would pay.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with write(db) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest_revision() -> str:
    """The revision that the schema of this version has; the names of the files tell it."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")).partition("_")[
        0
    ]


def _revision(db: Engine) -> str | None:
    """The revision of a database, None for an empty one."""
    with db.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


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
    # SQLite's own lower() knows the letters of ASCII alone.
    connection.create_function("lower", 1, _lower, deterministic=True)
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        # Dirty marks must outlive a power cut once their spool segment is gone.
        cursor.execute("PRAGMA synchronous = FULL")
        _enter_wal(cursor)


def _lower(value: str | float | bytes | None) -> str | float | bytes | None:
    return value.lower() if isinstance(value, str) else value


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


def _translate(context: ExceptionContext) -> None:
    original = context.original_exception
    if context.is_pre_ping:
        return  # a stale pooled connection: the pool replaces it
    if isinstance(original, sqlite3.Error):
        away = getattr(original, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY
    else:
        # The driver's OperationalError: no connection, shutting down, deadlock, disk full.
        away = any(kind.__name__ == "OperationalError" for kind in type(original).__mro__)
    if not away:
        return
    url = context.engine.url if context.engine else None
    shown = url.render_as_string(hide_password=True) if url else ""
    detail = (str(original).strip().splitlines() or ["no detail"])[0].rstrip(".")
    raise Unavailable(
        f"The metadata database {shown} cannot be used now: {detail}.",
        hint="Check TRACKER_DATABASE_URL, and that the database runs and may be written.",
    ) from original
