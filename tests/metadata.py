"""Migrated metadata databases for tests, on SQLite and on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.postgres import PostgresServer
from tracker.accounts.database import migrate, open_database


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


@pytest.fixture(params=["sqlite", "postgresql"])
def any_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database, once of each kind."""
    if request.param == "sqlite":
        db = open_database(f"sqlite:///{tmp_path}/metadata.db")
        migrate(db)
        yield db
        db.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("migrated_template")
    name = f"test_{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    db = open_database(server.url(name))
    yield db
    db.dispose()
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
