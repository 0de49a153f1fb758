"""A ClickHouse server that is slow, cut off, away, or back again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from tests.chserver_process import ChServer
from tracker.errors import StatementRefused, Unavailable, WarehouseError
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate

COLUMNS = ("site", "kind", "time")
ROW = ("s", "email", datetime(2026, 1, 31, tzinfo=UTC))
LINE = b'{"site":"s","kind":"email","time":"2026-01-31T00:00:00Z"}\n'
COUNT = "SELECT count() FROM identities"


@pytest.fixture(autouse=True)
def _quiet_driver(caplog: pytest.LogCaptureFixture) -> None:
    """The driver warns of each lost connection, which these tests lose on purpose."""
    caplog.set_level(logging.CRITICAL, logger="clickhouse_connect")


@pytest.fixture
def hasty(warehouse_http: Warehouse, chserver: ChServer) -> Iterator[Warehouse]:
    """A warehouse on the emptied server that waits one second for an answer."""
    del warehouse_http
    with open_warehouse(chserver.url, pool=1, wait=0.2, timeout=1) as warehouse:
        warehouse.ping()
        yield warehouse


def test_a_query_survives_a_connection_that_is_cut_once(
    warehouse_http: Warehouse, chserver: ChServer
) -> None:
    chserver.fault("drop")
    assert warehouse_http.rows("SELECT 1") == [(1,)]


def test_a_query_survives_a_short_503_of_a_proxy(
    warehouse_http: Warehouse, chserver: ChServer
) -> None:
    chserver.fault("unavailable", times=2)
    assert warehouse_http.rows("SELECT 1") == [(1,)]


def test_a_503_that_stays_is_unavailable(warehouse_http: Warehouse, chserver: ChServer) -> None:
    chserver.fault("unavailable", times=100)
    with pytest.raises(Unavailable, match="HTTP status 503") as caught:
        warehouse_http.rows("SELECT 1")
    assert not isinstance(caught.value, WarehouseError)


def test_an_answer_that_does_not_come_in_time_is_unavailable(
    hasty: Warehouse, chserver: ChServer
) -> None:
    chserver.fault("delay", seconds=2, match="'slow'")
    with pytest.raises(Unavailable, match="did not answer in time"):
        hasty.rows("SELECT 'slow'")
    assert hasty.rows("SELECT 1") == [(1,)]


def test_a_call_waits_only_so_long_for_a_free_client(hasty: Warehouse) -> None:
    rows = hasty.stream("SELECT number FROM numbers(10)")
    next(rows)
    with pytest.raises(Unavailable, match=r"All 1 connections .* busy for 0\.2 s"):
        hasty.rows("SELECT 1")
    rows.close()
    assert hasty.rows("SELECT 1") == [(1,)]


@pytest.mark.parametrize("way", ["json", "rows"])
def test_an_insert_with_a_token_whose_answer_was_lost_counts_once(
    warehouse_http: Warehouse, chserver: ChServer, way: str
) -> None:
    chserver.fault("drop_after", match="INSERT INTO")
    if way == "json":
        warehouse_http.insert_json("identities", LINE, token="segment-1")
    else:
        warehouse_http.insert("identities", COLUMNS, [ROW], token="segment-1")
    assert warehouse_http.rows(COUNT) == [(1,)]


@pytest.mark.parametrize("way", ["json", "rows", "statement"])
def test_an_insert_without_a_token_is_not_repeated_behind_the_caller(
    warehouse_http: Warehouse, chserver: ChServer, way: str
) -> None:
    warehouse_http.execute("CREATE TABLE plain AS identities ENGINE = MergeTree ORDER BY site")
    chserver.fault("drop_after", match="INSERT INTO")
    inserts: dict[str, Callable[[], None]] = {
        "json": lambda: warehouse_http.insert_json("plain", LINE),
        "rows": lambda: warehouse_http.insert("plain", COLUMNS, [ROW]),
        "statement": lambda: warehouse_http.execute("INSERT INTO plain (site) SELECT 's'"),
    }
    with pytest.raises(Unavailable):
        inserts[way]()
    assert warehouse_http.rows("SELECT count() FROM plain") == [(1,)]


def test_a_refused_insert_is_told_from_a_server_that_is_away(
    warehouse_http: Warehouse, chserver: ChServer
) -> None:
    with pytest.raises(StatementRefused):
        warehouse_http.insert_json("identities", b'{"site":1.5,"time":"x"}\n', token="a")
    chserver.fault("unavailable", times=100)
    with pytest.raises(Unavailable) as caught:
        warehouse_http.insert_json("identities", LINE, token="b")
    assert not isinstance(caught.value, StatementRefused)


def test_a_server_that_goes_away_and_comes_back_is_used_again() -> None:
    first = ChServer()
    with open_warehouse(first.url) as warehouse:
        assert warehouse.rows("SELECT 1") == [(1,)]
        first.stop()
        with pytest.raises(Unavailable, match=f"127.0.0.1:{first.port}.*cannot be reached"):
            warehouse.rows("SELECT 1")
        with pytest.raises(Unavailable):
            warehouse.ping()
        with pytest.raises(Unavailable):
            warehouse.insert_json("identities", LINE, token="a")
        with ChServer(port=first.port):
            warehouse.ping()
            with pytest.raises(WarehouseError, match="Run `tracker migrate`") as caught:
                warehouse.insert_json("identities", LINE, token="a")
            assert not isinstance(caught.value, StatementRefused)
            migrate(warehouse)
            warehouse.insert_json("identities", LINE, token="a")
            assert warehouse.rows(COUNT) == [(1,)]


def test_a_program_may_start_while_its_server_is_away() -> None:
    stopped = ChServer()
    stopped.stop()
    with open_warehouse(stopped.url) as warehouse:
        with pytest.raises(Unavailable, match="cannot be reached"):
            warehouse.ping()
        with ChServer(port=stopped.port):
            warehouse.ping()


def test_no_message_shows_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ChServer(password="tr0ub4dor") as server:
        right = server.url.replace("http://", "http://default:tr0ub4dor@")
        wrong = server.url.replace("http://", "http://default:hunter2@")
        with open_warehouse(right) as warehouse:
            warehouse.ping()
            with pytest.raises(StatementRefused) as refused:
                warehouse.rows("SELECT nothing")
        with (
            open_warehouse(wrong) as warehouse,
            pytest.raises(WarehouseError, match="Check the user and password") as denied,
        ):
            warehouse.ping()
    with open_warehouse(right) as warehouse, pytest.raises(Unavailable) as away:
        warehouse.ping()
    shown = f"{refused.value} {denied.value} {away.value} {warehouse.address!r} {caplog.text}"
    assert "tr0ub4dor" not in shown
    assert "hunter2" not in shown


def test_a_closed_warehouse_says_so(warehouse_http: Warehouse, chserver: ChServer) -> None:
    warehouse_http.ping()
    warehouse = open_warehouse(chserver.url)
    warehouse.ping()
    warehouse.close()
    with pytest.raises(Unavailable, match="closed"):
        warehouse.rows("SELECT 1")
