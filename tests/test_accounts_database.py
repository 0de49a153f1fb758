"""Opening, migrating and writing the metadata database, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from tests.metadata import disconnect
from tests.postgres import PostgresServer
from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.counters import next_number
from tracker.accounts.database import (
    MIGRATIONS,
    migrate,
    newest_revision,
    open_database,
    ping,
    write,
)
from tracker.accounts.schema import metadata
from tracker.errors import ConfigError, Unavailable


def reflected(db: Engine) -> dict[str, Any]:
    """What the database itself says of every table but Alembic's own."""
    inspector = inspect(db)
    tables: dict[str, Any] = {}
    for name in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        tables[name] = {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            ],
            "key": inspector.get_pk_constraint(name),
            "foreign": sorted(inspector.get_foreign_keys(name), key=str),
            "unique": sorted(inspector.get_unique_constraints(name), key=str),
            "checks": sorted(inspector.get_check_constraints(name), key=str),
            "indexes": sorted(inspector.get_indexes(name), key=str),
        }
    return tables


def test_the_migrations_make_the_same_tables_as_the_schema_module(any_db: Engine) -> None:
    migrated = reflected(any_db)
    metadata.drop_all(any_db)
    assert reflected(any_db) == {}
    metadata.create_all(any_db)

    assert migrated == reflected(any_db)
    assert set(migrated) == set(metadata.tables)


def test_alembic_finds_nothing_left_to_migrate(any_db: Engine) -> None:
    with any_db.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == newest_revision()


def test_the_comparison_would_notice_a_missing_column(any_db: Engine) -> None:
    """Guards the two tests above: a schema that is ahead of its migrations must differ."""
    ahead = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(ahead)
    ahead.remove(ahead.tables["counters"])
    with any_db.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [change[0] for change in compare_metadata(context, ahead)] == ["remove_table"]


def test_migrating_again_changes_nothing_and_keeps_the_rows(any_db: Engine) -> None:
    number = next_number(any_db, "builds", 7)
    migrate(any_db)
    assert next_number(any_db, "builds") == number + 7


@pytest.mark.slow
def test_processes_that_migrate_at_once_all_succeed(any_url: str) -> None:
    script = (
        "import sys; from tracker.accounts.database import open_database, migrate; "
        "db = open_database(sys.argv[1]); sys.stdin.readline(); migrate(db)"
    )
    # Not opened beforehand: the file itself is made by whoever comes first.
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, any_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        for _ in range(3)
    ]
    errors = [process.communicate("go\n", timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors

    db = open_database(any_url)
    assert set(reflected(db)) == set(metadata.tables)
    db.dispose()


def test_threads_that_migrate_at_once_all_succeed(any_url: str) -> None:
    db = open_database(any_url)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [db] * 4))
    assert set(reflected(db)) == set(metadata.tables)
    db.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    any_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    (broken / "env.py").write_text((MIGRATIONS / "env.py").read_text())
    first = (MIGRATIONS / "versions" / "0001_first_schema.py").read_text()
    (broken / "versions" / "0001_first_schema.py").write_text(first + "    op.drop_table('no')\n")
    db = open_database(any_url)
    monkeypatch.setattr("tracker.accounts.database.MIGRATIONS", broken)
    with pytest.raises(Exception, match="no"):
        migrate(db)
    assert reflected(db) == {}

    monkeypatch.undo()
    migrate(db)
    assert set(reflected(db)) == set(metadata.tables)
    db.dispose()


def test_a_read_followed_by_a_write_loses_no_update_on_sqlite(tmp_path: Path) -> None:
    """The trap that write() exists for: deferred transactions lost most of these.

    On PostgreSQL callers lock rows or use one statement instead.
    """
    db = open_database(f"sqlite:///{tmp_path}/metadata.db")
    migrate(db)
    table = schema.counters
    next_number(db, "visits")

    def bump(_: int) -> None:
        with write(db) as connection:
            value = connection.execute(select(table.c.value)).scalar_one()
            connection.execute(table.update().values(value=value + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(bump, range(200)))
    assert next_number(db, "visits") == 202
    db.dispose()


def test_a_block_that_raises_writes_nothing(any_db: Engine) -> None:
    row = {"id": "t", "name": "Pumps", "created_at": utc_now()}

    def fail_half_way() -> None:
        with write(any_db) as connection:
            connection.execute(insert(schema.tenants).values(**row))
            raise RuntimeError("the caller fails")

    with pytest.raises(RuntimeError):
        fail_half_way()
    with any_db.connect() as connection:
        assert connection.execute(select(schema.tenants)).all() == []


def test_readers_are_not_held_up_by_a_writer(any_db: Engine) -> None:
    seen = threading.Event()

    def read() -> None:
        with any_db.connect() as connection:
            assert connection.execute(select(schema.tenants)).all() == []
        seen.set()

    with write(any_db) as connection:
        connection.execute(
            insert(schema.tenants).values(id="t", name="Pumps", created_at=utc_now())
        )
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(10)
        assert seen.is_set()


def test_the_sqlite_file_and_its_logs_are_private_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "metadata.db"
    before = os.umask(0o022)
    try:
        db = open_database(f"sqlite:///{path}")
        migrate(db)
        files = sorted(path.parent.iterdir())
    finally:
        os.umask(before)
    assert path in files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    with db.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 30_000,
    }
    db.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url", "not a database URL"),
        ("", "not a database URL"),
        ("mysql://localhost/x", "unsupported database 'mysql'"),
        ("sqlite://", "without a file"),
        ("sqlite:///:memory:", "without a file"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_config_error(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_database(url)


def test_a_directory_in_place_of_the_file_is_told_clearly(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="unable to open"):
        open_database(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_told_clearly(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and they are long enough to be read as a header " * 40)
    with pytest.raises(Unavailable, match="not a database"):
        open_database(f"sqlite:///{path}")
    assert path.read_text().startswith("these are my notes")


def test_a_server_that_is_away_is_unavailable_and_its_password_not_shown() -> None:
    with pytest.raises(Unavailable) as caught:
        open_database("postgresql://someone:hunter2@127.0.0.1:1/metadata")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_everything_is_unavailable_while_the_database_is_away(
    any_db: Engine, take_away: Callable[[Engine], None]
) -> None:
    ping(any_db)
    take_away(any_db)
    for use in (ping, migrate, lambda db: next_number(db, "builds")):
        with pytest.raises(Unavailable, match="cannot be used now"):
            use(any_db)


def test_a_statement_that_is_wrong_is_not_taken_for_a_database_that_is_away(
    any_db: Engine,
) -> None:
    with any_db.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("SELECT * FROM no_such_table"))


def test_connections_that_the_server_dropped_are_replaced_unseen(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    db = open_database(postgres_url)
    migrate(db)
    disconnect(postgres_server, str(db.url.database))
    assert next_number(db, "builds") == 1
    db.dispose()


def test_a_writer_that_waits_too_long_is_told_so(
    sqlite_db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.accounts.database.BUSY_SECONDS", 0)
    hasty = open_database(sqlite_db.url.render_as_string())
    with write(sqlite_db), pytest.raises(Unavailable, match="locked"):
        next_number(hasty, "builds")
    hasty.dispose()


def test_ping_answers(any_db: Engine) -> None:
    ping(any_db)
