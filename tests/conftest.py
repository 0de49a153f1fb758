"""Fixtures that more than one area of the tests uses."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator
from functools import cache

import pytest
import structlog
from clickhouse_connect.driver.client import Client

from tests.chserver_process import ChServer
from tests.metadata import any_db as any_db
from tests.metadata import any_url as any_url
from tests.metadata import migrated_template as migrated_template
from tests.metadata import quick_passwords as quick_passwords
from tests.metadata import shared_db as shared_db
from tests.metadata import sqlite_db as sqlite_db
from tests.metadata import sqlite_template as sqlite_template
from tests.metadata import strong_passwords as strong_passwords
from tests.metadata import take_away as take_away
from tests.postgres import postgres_server as postgres_server
from tests.postgres import postgres_url as postgres_url
from tracker.warehouse import client, connection
from tracker.warehouse.address import EmbeddedAddress
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate, read_migrations

FORMS = ("embedded", "http")

# Without compiled modules on disk, each process of a suite compiles the tests, and each program
# that a test starts compiles the tracker.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session", autouse=True)
def _shared_authorities() -> Iterator[None]:
    """Contexts of TLS that are asked for alike are one: each reads all authorities by itself, as
    does each client of HTTP that speaks to a server on loopback without TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """A command run in this process sets up logs to the standard error of its test, which is closed
    when the test ends; the next test must not write there."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _interpreted() -> Iterator[None]:
    """The engine of this process interprets expressions: its statements meet few rows, and
    compiling them takes longer than it saves. Servers and commands that tests start compile."""

    def interpreting(address: EmbeddedAddress) -> Client:
        made = connection.embedded_client(address)
        for kind in ("expressions", "aggregate_expressions", "sort_description"):
            made.set_client_setting(f"compile_{kind}", 0)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "embedded_client", interpreting)
        yield


@pytest.fixture(scope="session")
def embedded_engine() -> Iterator[Warehouse]:
    """The engine of this process, in memory, migrated once. Tests use ``warehouse_embedded``.

    NOTE: a process has one engine for one path, so no test opens another path in this process.
    """
    with open_warehouse("chdb://memory") as warehouse:
        migrate(warehouse)
        yield warehouse


@pytest.fixture(scope="session")
def chserver() -> Iterator[ChServer]:
    """A server that speaks ClickHouse's HTTP interface, started once."""
    with ChServer() as server:
        yield server


@pytest.fixture(scope="session")
def http_engine(chserver: ChServer) -> Iterator[Warehouse]:
    """A warehouse over HTTP, migrated once. Tests use ``warehouse_http``."""
    with open_warehouse(chserver.url) as warehouse:
        migrate(warehouse)
        yield warehouse


@pytest.fixture(scope="module")
def shared_warehouse(embedded_engine: Warehouse) -> Warehouse:
    """The embedded form, emptied once for a module whose tests only read what a fixture made."""
    return emptied(embedded_engine)


@pytest.fixture
def warehouse_embedded(embedded_engine: Warehouse) -> Warehouse:
    """The embedded form, migrated, every table empty."""
    return emptied(embedded_engine)


@pytest.fixture
def warehouse_http(http_engine: Warehouse, chserver: ChServer) -> Iterator[Warehouse]:
    """The server form, migrated, every table empty, without faults."""
    yield emptied(http_engine)
    chserver.heal()


@pytest.fixture(params=FORMS)
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Each form in turn, migrated, every table empty."""
    found = request.getfixturevalue(f"warehouse_{request.param}")
    assert isinstance(found, Warehouse)
    return found


def emptied(warehouse: Warehouse) -> Warehouse:
    """Empty the tables of the migrations and drop whatever else a test left."""
    text = "".join(migration.text for migration in read_migrations())
    found = warehouse.rows(
        "SELECT name, ifNull(total_rows, 1) FROM system.tables "
        "WHERE database = currentDatabase() AND name != 'schema_migrations'"
    )
    for name, count in found:
        if f" {name} {{on_cluster}}" not in text:
            warehouse.execute(f"DROP TABLE IF EXISTS `{name}` SYNC")
        elif count:
            warehouse.execute(f"TRUNCATE TABLE `{name}`")
    return warehouse
