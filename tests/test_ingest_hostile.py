"""Hostile bodies and headers: always an answer, never a 500, and good events beside bad ones."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.ingest import Ingest
from tracker.errors import InvalidInput
from tracker.ingest.payload import parse_body
from tracker.ingest.spool import SpoolLimits
from tracker.warehouse.client import Warehouse


@pytest.fixture
def ingest(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Iterator[Ingest]:
    """A server, and what belongs to it."""
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded) as found:
        yield found


def error_of(answer: httpx.Response) -> dict[str, str]:
    """The error of an answer, in the one shape that all errors have."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    content = answer.json()
    assert set(content) == {"error"}
    assert set(content["error"]) == {"code", "message", "hint"}
    assert "Traceback" not in answer.text
    found: dict[str, str] = content["error"]
    return found


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"[]", b"[1]", b"null", b"1e999", b'"x"', b"\xff\xfe", b"\x00" * 100,
        b"[" * 30_000, b'{"s":' * 10_000, b'{"s":"a"}', b'{"s":1,"i":"a"}', b"{}", b"[[],{}]",
        b'{"s":"a","i":"zz"}', b'{"s":"a","i":"' + b"0" * 33 + b'"}', b'{"s":"\\ud800"}',
    ],
)  # fmt: skip
def test_a_body_without_an_event_is_a_400_that_says_why(ingest: Ingest, body: bytes) -> None:
    answer = ingest.post(body)
    assert answer.status_code == 400
    assert error_of(answer)["message"]


def test_the_message_names_the_field_and_never_repeats_the_body(ingest: Ingest) -> None:
    answer = ingest.post(ingest.event(p={"a": {"<script>": 1}}))
    assert answer.status_code == 400
    assert "$.p" in error_of(answer)["message"]
    assert "script" not in answer.text


def test_another_version_of_the_format_is_refused_by_number(ingest: Ingest) -> None:
    answer = ingest.post(ingest.event(v=2))
    assert answer.status_code == 400
    assert "version 2" in error_of(answer)["message"]


def test_a_bad_event_among_good_ones_is_dropped_alone(ingest: Ingest) -> None:
    bad = [ingest.event(i="x"), 5, {"s": 1}, ingest.event(v=9)]
    answer = ingest.post([ingest.event(), *bad, ingest.event()])
    assert answer.status_code == 202
    assert answer.headers["x-tracker-dropped"] == "malformed"
    assert ingest.counters.snapshot()["dropped.malformed"] == 4
    assert ingest.drain().events == 2


def test_more_than_a_hundred_events_are_refused_whole(ingest: Ingest) -> None:
    small = {"s": ingest.site.key, "i": "0" * 32}
    answer = ingest.post([small] * 101)
    assert answer.status_code == 400
    assert "101" in error_of(answer)["message"]
    assert ingest.drain().events == 0


def test_a_body_over_the_limit_is_a_413_packed_or_not(ingest: Ingest) -> None:
    large = msgspec.json.encode(ingest.event(d="x" * 70_000))
    for answer in (
        ingest.post(large),
        ingest.post(gzip.compress(large), content_encoding="gzip"),
        ingest.post(gzip.compress(b" " * 50_000_000), content_encoding="gzip"),
        ingest.client.post("/e", content=iter([large[:40_000], large[40_000:]])),
    ):
        assert answer.status_code == 413
        assert error_of(answer)["code"] == "too_large"


def test_broken_gzip_and_other_encodings_are_refused(ingest: Ingest) -> None:
    body = gzip.compress(msgspec.json.encode(ingest.event()))
    assert ingest.post(body[:-9], content_encoding="gzip").status_code == 400
    assert ingest.post(b"no gzip", content_encoding="gzip").status_code == 400
    assert ingest.post(body, content_encoding="br").status_code == 415


def test_other_methods_are_refused(ingest: Ingest) -> None:
    assert ingest.client.delete("/e").status_code == 405
    assert ingest.client.put("/e").status_code == 405


def test_a_client_that_goes_away_in_its_body_harms_nobody(ingest: Ingest) -> None:
    port = urlsplit(ingest.url).port
    with socket.create_connection(("127.0.0.1", port or 0)) as connection:
        connection.sendall(b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    assert ingest.post(ingest.event()).status_code == 202


def test_a_full_spool_is_a_503_that_says_when_to_come_again(
    sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse
) -> None:
    limits = SpoolLimits(reserve_bytes=1 << 62)
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded, limits=limits) as ingest:
        answer = ingest.post(ingest.event())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert error_of(answer)["code"] == "unavailable"
        image = ingest.client.get("/p.gif", params={"s": ingest.site.key}, headers=ingest.headers)
        assert image.status_code == 200


def test_a_metadata_store_that_is_away_is_a_503(ingest: Ingest) -> None:
    with ingest.db.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sites RENAME TO elsewhere")
    answer = ingest.post(ingest.event())
    assert answer.status_code == 503
    assert "sites" not in error_of(answer)["message"]


def test_strange_headers_are_survived(ingest: Ingest) -> None:
    port = urlsplit(ingest.url).port
    body = msgspec.json.encode(ingest.event())
    for header in (
        b"User-Agent: \xff\xfe\x80",
        b"User-Agent: " + b"x" * 5_000,
        b"X-Forwarded-For: " + b",".join([b"unknown"] * 500),
        b"X-Forwarded-For: [::1, %%, 1.2.3.4.5",
        b"Origin: https://[",
        b"Origin: null",
        b"Origin: ://:::",
        b"Content-Encoding: \xff",
        b"DNT: " + b"1" * 1_000,
    ):
        with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as connection:
            length = str(len(body)).encode()
            connection.sendall(
                b"POST /e HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + length
                + b"\r\n" + header + b"\r\n\r\n" + body
            )  # fmt: skip
            status = connection.recv(4096).split(b" ")[1]
        assert status in (b"202", b"400", b"415", b"431"), (header[:40], status)


# --- generated ----------------------------------------------------------------------------------

NAMES = st.sampled_from([*"vsinotaulrdwgpxckb", "zz"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.sampled_from(["https://pump.example/?gclid=1", "pageview", "0" * 32, "identify"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=12),
    max_leaves=20,
)


@given(body=st.binary(max_size=400) | JSON.map(msgspec.json.encode))
def test_any_body_is_either_events_or_invalid_input(body: bytes) -> None:
    with suppress(InvalidInput):
        assert parse_body(body)[0]


def test_any_event_is_taken_or_refused_and_what_is_taken_is_loaded(ingest: Ingest) -> None:
    keep = {"s": ingest.site.key, "i": "0123456789abcdef0123456789abcdef"}
    taken = 0

    @settings(max_examples=150, deadline=None)
    @given(fields=st.dictionaries(NAMES, JSON, max_size=6))
    def post(fields: dict[str, Any]) -> None:
        nonlocal taken
        answer = ingest.post(msgspec.json.encode({**ingest.event(), **fields, **keep}))
        assert answer.status_code in (202, 400)
        if answer.status_code == 400:
            error_of(answer)
        else:
            taken += "x-tracker-dropped" not in answer.headers

    post()
    report = ingest.drain()
    assert taken > 0
    assert (report.events, report.failed_lines) == (taken, 0)


def test_what_hostile_events_left_in_the_spool_is_all_loaded(ingest: Ingest) -> None:
    texts = ["\\\\", '"', "\u2028", "\x7f", "😀" * 50, "\u0000", "a\nb", "�", "{}", "'; DROP TABLE"]
    for text in texts:
        event = ingest.event(
            n=text, d=text, r=text, g=text, k=text, c=text, u=text, p={text: text},
            l="https://pump.example/" + text + "?utm_term=" + text + "&utm_source=%00%ff%c3",
        )  # fmt: skip
        assert ingest.post(event).status_code == 202
    report = ingest.drain()
    assert (report.events, report.failed_lines) == (len(texts), 0)
    assert len(ingest.rows()) == len(texts)
