"""The Plausible Events API and the beacon's image form, over HTTP, into a row of ``events``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.ingest import CHROME, NOW, Ingest
from tracker.accounts.sites import Site, add_site, update_site
from tracker.accounts.tokens import add_token, revoke_token
from tracker.ingest.endpoint import GIF
from tracker.ingest.spool import SpoolLimits
from tracker.warehouse.client import Warehouse

PAGE = "https://www.pump.example/pumps?utm_source=baidu&utm_medium=cpc&utm_term=%E6%B3%B5"


@pytest.fixture
def ingest(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Iterator[Ingest]:
    """A server with all entrances, and what belongs to it."""
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded) as found:
        yield found


def send(
    ingest: Ingest, body: Any = None, headers: dict[str, str] | None = None, **fields: Any
) -> httpx.Response:
    """Post an event in their documents' spelling; ``body`` replaces it."""
    event = {"name": "pageview", "url": PAGE, "domain": "pump.example"} | fields
    data = msgspec.json.encode(event if body is None else body)
    return ingest.client.post(
        "/api/event",
        content=body if isinstance(body, bytes) else data,
        headers={"user-agent": CHROME, "content-type": "text/plain"} | (headers or {}),
    )


def accepted(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.text) == (202, "ok")
    assert "x-plausible-dropped" not in answer.headers
    assert "x-tracker-dropped" not in answer.headers


def dropped(answer: httpx.Response) -> str:
    """The reason for which an event was dropped."""
    assert (answer.status_code, answer.text) == (202, "ok")
    assert answer.headers["x-plausible-dropped"] == "1"
    return answer.headers["x-tracker-dropped"]


def rows(ingest: Ingest) -> list[dict[str, Any]]:
    """The stored events, oldest first."""
    ingest.drain()
    return sorted(ingest.rows(), key=lambda row: (row["received"], row["name"]))


def test_a_page_view_becomes_a_row_with_its_source(ingest: Ingest) -> None:
    answer = send(ingest, referrer="https://www.baidu.com/s?wd=x", props={"author": "Li", "n": 3})
    accepted(answer)
    assert answer.headers["access-control-allow-origin"] == "*"
    (row,) = rows(ingest)
    assert (row["site"], row["name"], row["origin"]) == (ingest.site.key, "pageview", "plausible")
    assert (row["platform"], row["keyword"], row["channel"]) == ("baidu", "泵", "Paid Search")
    assert (row["host"], row["path"]) == ("www.pump.example", "/pumps")
    assert row["props"] == {"author": "Li", "n": "3"}
    assert (row["memory"], row["browser"], row["ip"]) == ("daily", "Chrome", "127.0.0.0")
    assert row["time"] == ingest.now


def test_the_compact_spelling_of_their_tracker_says_the_same(ingest: Ingest) -> None:
    compact = {
        "n": "Purchase",
        "u": PAGE,
        "d": "pump.example",
        "r": None,
        "v": 36,
        "p": {"plan": "pro"},
        "$": {"currency": "eur", "amount": "19.90"},
        "i": False,
    }
    accepted(send(ingest, compact))
    long = {
        "name": "Purchase",
        "url": PAGE,
        "domain": "pump.example",
        "interactive": False,
        "props": '{"plan":"pro"}',
        "revenue": '{"currency":"EUR","amount":19.9}',
    }
    accepted(send(ingest, long))
    first, second = rows(ingest)
    for row in (first, second):
        assert (str(row["value"]), row["currency"]) == ("19.900000", "EUR")
        assert row["props"] == {"interactive": "false", "plan": "pro"}
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"event_id"}


def test_engagement_has_the_properties_of_the_beacons_own(ingest: Ingest) -> None:
    accepted(send(ingest, {"n": "engagement", "u": PAGE, "d": "pump.example", "e": 4100, "sd": 62}))
    (row,) = rows(ingest)
    assert (row["name"], row["props"]) == ("engagement", {"ms": "4100", "depth": "62"})


@pytest.mark.parametrize(
    ("url", "hashed", "path"),
    [
        (PAGE + "#reviews", None, "/pumps"),
        ("https://pump.example/#cart", 1, "/#/cart"),
        ("https://pump.example/#/cart", 1, "/#/cart"),
        ("app://localhost/settings/login", None, "/settings/login"),
    ],
)
def test_the_page_is_the_path_the_route_or_the_screen_of_an_app(
    ingest: Ingest, url: str, hashed: int | None, path: str
) -> None:
    accepted(send(ingest, {"n": "pageview", "u": url, "d": "pump.example", "h": hashed}))
    (row,) = rows(ingest)
    assert row["path"] == path


# --- which site ---------------------------------------------------------------------------------


def another_site(ingest: Ingest, *domains: str, later: int = 1) -> Site:
    return add_site(
        ingest.db,
        tenant=ingest.site.tenant,
        name="Other",
        domains=domains,
        timezone="UTC",
        currency="EUR",
        now=NOW + timedelta(days=2000 + later),
    )


@pytest.mark.parametrize("domain", ["pump.example", "www.pump.example", "PUMP.example", None])
def test_a_site_is_found_by_its_domain_or_by_the_pages_host(
    ingest: Ingest, domain: str | None
) -> None:
    accepted(send(ingest, domain=domain))
    (row,) = rows(ingest)
    assert row["site"] == ingest.site.key


def test_a_site_is_found_by_its_key(ingest: Ingest) -> None:
    accepted(send(ingest, domain=ingest.site.key))
    assert len(rows(ingest)) == 1


def test_the_most_specific_domain_wins_and_then_the_oldest_site(ingest: Ingest) -> None:
    shop = another_site(ingest, "shop.pump.example")
    another_site(ingest, "pump.example", later=2)
    accepted(send(ingest, domain="shop.pump.example", url="https://shop.pump.example/"))
    accepted(send(ingest, domain="pump.example"))
    assert {row["host"]: row["site"] for row in rows(ingest)} == {
        "shop.pump.example": shop.key,
        "www.pump.example": ingest.site.key,
    }


def test_several_domains_count_the_event_on_each_of_their_sites(ingest: Ingest) -> None:
    whole = another_site(ingest, "pumps.example", "www.pump.example")
    accepted(send(ingest, domain="pump.example, pumps.example,www.pump.example"))
    found = rows(ingest)
    assert {row["site"] for row in found} == {ingest.site.key, whole.key}
    assert len({row["event_id"] for row in found}) == 2


def test_an_unknown_domain_is_dropped_and_the_known_one_beside_it_kept(ingest: Ingest) -> None:
    assert dropped(send(ingest, domain="nobody.example")) == "unknown_site"
    assert dropped(send(ingest, domain="nobody.example,pump.example")) == "unknown_site"
    assert len(rows(ingest)) == 1
    assert ingest.counters.snapshot()["dropped.unknown_site"] == 2


def test_a_domain_that_is_added_is_known_within_seconds(ingest: Ingest) -> None:
    assert dropped(send(ingest, domain="new.example", url="https://new.example/")) == "unknown_site"
    update_site(ingest.db, ingest.site.key, domains=["pump.example", "new.example"])
    ingest.now += timedelta(seconds=6)
    accepted(send(ingest, domain="new.example", url="https://new.example/"))


@pytest.mark.parametrize(
    ("headers", "url", "reason"),
    [
        ({"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, PAGE, "bot"),
        ({"dnt": "1"}, PAGE, "privacy_signal"),
        ({}, "https://elsewhere.example/", "origin"),
        ({"origin": "https://elsewhere.example"}, PAGE, "origin"),
        ({}, "file:///C:/page.html", "bad_url"),
    ],
)
def test_what_the_beacons_endpoint_drops_is_dropped_here(
    ingest: Ingest, headers: dict[str, str], url: str, reason: str
) -> None:
    assert dropped(send(ingest, headers=headers, url=url)) == reason
    assert rows(ingest) == []


# --- exactly once -------------------------------------------------------------------------------


def ids(ingest: Ingest) -> int:
    return len({row["event_id"] for row in rows(ingest)})


def test_an_equal_request_within_three_seconds_is_one_event(ingest: Ingest) -> None:
    # From one millisecond before the end of a window of the clock, into the next one.
    ingest.now = NOW.replace(microsecond=0, second=2) + timedelta(milliseconds=999)
    for _ in range(3):
        accepted(send(ingest))
        ingest.now += timedelta(seconds=1)
    assert ids(ingest) == 1


def test_an_equal_request_after_three_seconds_is_another_event(ingest: Ingest) -> None:
    for _ in range(3):
        accepted(send(ingest))
        ingest.now += timedelta(seconds=3)
    assert ids(ingest) == 3


def test_requests_that_differ_are_different_events(ingest: Ingest) -> None:
    accepted(send(ingest))
    accepted(send(ingest, name="Signup"))
    accepted(send(ingest, props={"a": "b"}))
    accepted(send(ingest, headers={"user-agent": CHROME + " Other/1"}))
    accepted(send(ingest, headers={"x-forwarded-for": "203.0.113.9"}))
    assert ids(ingest) == 5


def test_an_idempotency_key_decides_whatever_the_time(ingest: Ingest) -> None:
    for key in ("a", "b", "a"):
        accepted(send(ingest, headers={"idempotency-key": key}))
        ingest.now += timedelta(minutes=10)
    assert ids(ingest) == 2


# --- servers with a token -----------------------------------------------------------------------


def token(ingest: Ingest, scope: str = "write") -> dict[str, str]:
    _, secret = add_token(ingest.db, tenant=ingest.site.tenant, site=None, scope=scope)
    return {"authorization": f"Bearer {secret}"}


def test_a_forwarded_address_is_believed_from_a_proxy_or_with_a_token(ingest: Ingest) -> None:
    chain = {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
    accepted(send(ingest, headers=chain))
    accepted(send(ingest, headers=chain | token(ingest), name="b"))
    assert [row["ip"] for row in rows(ingest)] == ["203.0.113.0", "198.51.100.0"]


def test_a_token_that_may_not_write_to_the_site_is_refused(ingest: Ingest) -> None:
    for headers in (
        token(ingest, "read"),
        {"authorization": "Bearer trk_no"},
        {"authorization": "x"},
    ):
        answer = send(ingest, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "access_denied")
    assert rows(ingest) == []


def test_a_revoked_token_is_refused_within_seconds(ingest: Ingest) -> None:
    made, secret = add_token(ingest.db, tenant=ingest.site.tenant, site=None, scope="write")
    bearer = {"authorization": f"Bearer {secret}"}
    accepted(send(ingest, headers=bearer))
    revoke_token(ingest.db, made.id)
    ingest.now += timedelta(seconds=6)
    assert send(ingest, headers=bearer).status_code == 401


# --- what is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "request"),
        (b"[]", "request"),
        (b"{", "request"),
        (b"\xff\xfe", "request"),
        (b"[" * 60_000, "request"),
        ({"url": PAGE, "domain": "pump.example"}, "event_name"),
        ({"name": " ", "url": PAGE, "domain": "pump.example"}, "event_name"),
        ({"name": 7, "url": PAGE, "domain": "pump.example"}, "event_name"),
        ({"name": "a", "domain": "pump.example"}, "url"),
        ({"name": "a", "url": 1, "domain": "pump.example"}, "url"),
        ({"name": "a", "url": "data:text/html,x", "domain": "pump.example"}, "url"),
        ({"name": "a", "url": "/relative"}, "domain"),
        ({"name": "a", "url": PAGE, "domain": " , "}, "domain"),
        ({"name": "a", "url": PAGE, "domain": ",".join(f"d{i}" for i in range(21))}, "domain"),
    ],
)
def test_a_malformed_event_is_refused_in_their_form(ingest: Ingest, body: Any, field: str) -> None:
    answer = send(ingest, body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert rows(ingest) == []


@pytest.mark.parametrize(
    "revenue",
    [
        {"amount": "many"},
        {"amount": "1e999"},
        {"amount": 5, "currency": "XXQ"},
        {"amount": [1]},
        {"amount": True, "currency": "EUR"},
        {"amount": 10**60, "currency": "EUR"},
    ],
)
def test_an_amount_that_cannot_be_used_costs_the_amount_only(ingest: Ingest, revenue: Any) -> None:
    accepted(send(ingest, revenue=revenue))
    (row,) = rows(ingest)
    assert (row["value"], row["flags"]) == (None, "bad_value")


def test_a_body_that_is_too_large_is_refused(ingest: Ingest) -> None:
    assert send(ingest, b"x" * 65_537).status_code == 413


def test_a_browser_may_send_json_from_another_origin(ingest: Ingest) -> None:
    answer = ingest.client.options("/api/event")
    assert answer.status_code == 204
    assert "content-type" in answer.headers["access-control-allow-headers"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = [
    "n",
    "u",
    "d",
    "r",
    "p",
    "$",
    "i",
    "h",
    "e",
    "sd",
    "v",
    "name",
    "url",
    "domain",
    "props",
    "m",
    "meta",
    "revenue",
    "referrer",
]
BODIES = st.dictionaries(
    st.sampled_from(NAMES), JSON | st.sampled_from([PAGE, "pump.example", "engagement"]), max_size=9
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BODIES | st.binary(max_size=200))
def test_no_body_makes_the_server_fail(ingest: Ingest, body: Any) -> None:
    data = body if isinstance(body, bytes) else _encoded(body)
    assert send(ingest, data).status_code in (202, 400)


def _encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


# --- the beacon's image -------------------------------------------------------------------------


def image(ingest: Ingest, data: str) -> httpx.Response:
    return ingest.client.get(f"/e?d={quote(data)}", headers={"user-agent": CHROME})


def test_the_image_form_takes_what_the_endpoint_takes(ingest: Ingest) -> None:
    events = [ingest.event(), ingest.event(n="order", x="5", c="EUR")]
    answer = image(ingest, msgspec.json.encode(events).decode())
    assert (answer.status_code, answer.content) == (200, GIF)
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    ingest.post(events[0])
    found = rows(ingest)
    assert sorted(row["name"] for row in found) == ["order", "pageview", "pageview"]
    assert len({row["event_id"] for row in found}) == 2


def test_the_image_of_a_dropped_event_is_an_image(ingest: Ingest) -> None:
    answer = image(ingest, msgspec.json.encode(ingest.event(s="zzzzzzzzzz")).decode())
    assert (answer.status_code, answer.content) == (200, GIF)
    assert answer.headers["x-tracker-dropped"] == "unknown_site"


@pytest.mark.parametrize("query", ["", "?d=", "?d=%7B", "?x=1", "?d=%FF%00", "?" + "a=1&" * 1500])
def test_what_is_no_event_gets_a_status_and_no_image(ingest: Ingest, query: str) -> None:
    answer = ingest.client.get(f"/e{query}", headers={"user-agent": CHROME})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"


def test_the_image_is_an_error_while_there_is_no_room(
    sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse
) -> None:
    limits = SpoolLimits(budget_bytes=1)
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded, limits=limits) as ingest:
        (tmp_path / "spool" / "ready" / "0.events.ndjson").write_bytes(b"{}\n")
        answer = image(ingest, msgspec.json.encode(ingest.event()).decode())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
