"""From a request at ``/e`` to a row of ``events``: a real server on loopback, and chDB."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Engine

from tests.ingest import CHROME, Ingest
from tracker.accounts import marks
from tracker.warehouse.client import Warehouse


@pytest.fixture
def ingest(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Iterator[Ingest]:
    """A server, and what belongs to it."""
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded) as found:
        yield found


def test_an_accepted_event_becomes_a_row_with_its_source(ingest: Ingest) -> None:
    url = (
        "https://www.pump.example/p?utm_source=baidu&utm_medium=cpc&utm_campaign=%B1%C3"
        "&utm_term=%D2%BB%BC%B6%B1%C3&bd_vid=abc123"
    )
    event = ingest.event(l=url, r="https://www.baidu.com/s?wd=x", x="12.5", c="CNY")
    answer = ingest.post(event)
    assert answer.status_code == 202
    assert "x-tracker-dropped" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert ingest.drain().events == 1
    (row,) = ingest.rows()
    assert row["event_id"] == UUID(event["i"])
    assert row["channel"] == "Paid Search"
    assert (row["platform"], row["keyword"], row["campaign"]) == ("baidu", "一级泵", "泵")
    assert (row["click_id_kind"], row["click_id"]) == ("bd_vid", "abc123")
    assert "bd_vid" not in row["query"]
    assert "utm_term=%D2%BB%BC%B6%B1%C3" in row["query"]
    assert (row["host"], row["path"]) == ("www.pump.example", "/p")
    assert str(row["value"]) == "12.500000"
    assert (row["browser"], row["os"], row["device"]) == ("Chrome", "Windows", "desktop")
    assert (row["visitor"], row["memory"]) == (0x0123456789ABCDEF, "stored")
    assert row["time"] == ingest.now - timedelta(milliseconds=1500)
    assert row["received"] == ingest.now
    assert row["ip"] == "127.0.0.0"
    assert row["user_agent"] == CHROME
    assert list(ingest.root.rglob("*.ndjson")) == []
    assert marks_of(ingest) == {date(2026, 9, 15)}


def marks_of(ingest: Ingest) -> set[date]:
    return {mark.slice.day for mark in marks.take(ingest.db, 100, 100)}


def test_a_gzipped_array_is_taken_whole(ingest: Ingest) -> None:
    body = gzip.compress(msgspec.json.encode([ingest.event() for _ in range(100)]))
    assert ingest.post(body, content_encoding="gzip").status_code == 202
    assert ingest.drain().events == 100
