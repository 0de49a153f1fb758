"""Migrated metadata databases for tests, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from tests.postgres import PostgresServer
from tracker.accounts import passwords
from tracker.accounts.database import migrate, open_database

_STRONG = passwords._hasher, passwords._decoy


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated PostgreSQL database that others are copied from."""
    name = f"template_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    db = open_database(postgres_server.url(name))
    migrate(db)
    db.dispose()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/metadata.db"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that others are copied from."""
    path = tmp_path_factory.mktemp("metadata") / "template.db"
    db = open_database(f"sqlite:///{path}")
    migrate(db)
    db.dispose()
    return path


@pytest.fixture
def sqlite_db(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite database: for tests to which the kind of database makes no difference."""
    path = tmp_path / "metadata.db"
    shutil.copyfile(sqlite_template, path)
    db = open_database(f"sqlite:///{path}")
    yield db
    db.dispose()


@pytest.fixture(scope="module")
def shared_db(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A migrated SQLite database of a module: for tests that only read what a fixture made."""
    path = tmp_path_factory.mktemp("shared") / "metadata.db"
    shutil.copyfile(sqlite_template, path)
    db = open_database(f"sqlite:///{path}")
    yield db
    db.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_db(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A migrated database, once of each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_db")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("migrated_template")
    name = f"test_{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    db = open_database(server.url(name))
    yield db
    db.dispose()
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def take_away(request: pytest.FixtureRequest) -> Callable[[Engine], None]:
    """Makes a database of ``any_db`` or ``any_url`` refuse everything from now on."""

    def away(db: Engine) -> None:
        name = db.url.database or ""
        if db.dialect.name == "sqlite":
            db.dispose()
            Path(name).write_bytes(b"a disk that lost its mind" * 400)
            return
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        disconnect(server, name)

    return away


def disconnect(server: PostgresServer, database: str) -> None:
    """End every connection to a database, as a restart of the server would."""
    server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    )


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashes that cost next to nothing: a tenth of a second each is half of many a test.

    Tests about their strength use ``strong_passwords``; servers are processes of their own.
    """
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    decoy = quick.hash("nobody has this password")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        patch.setattr(passwords, "_decoy", lambda: decoy)
        yield


@pytest.fixture
def strong_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes with the parameters of production."""
    hasher, decoy = _STRONG
    monkeypatch.setattr(passwords, "_hasher", hasher)
    monkeypatch.setattr(passwords, "_decoy", decoy)
