"""The visitor id as an HTTP cookie of a host of the site's own."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.ingest import Ingest
from tracker.accounts.sites import SiteSettings, update_site
from tracker.warehouse.client import Warehouse

OLD, NEW = "00000000000000aa", "00000000000000bb"
PAGE = "https://www.pump.example"


@pytest.fixture
def ingest(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Iterator[Ingest]:
    """A server whose site asks for the cookie."""
    settings = {"http_cookie": True}
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded, settings=settings) as found:
        yield found


def post(ingest: Ingest, *events: dict[str, Any], **headers: str) -> httpx.Response:
    """What a browser on the site's page sends to a host of the site."""
    usual = {"host": "t.pump.example", "origin": PAGE} | headers
    answer = ingest.post(list(events), **{n: value for n, value in usual.items() if value})
    assert answer.status_code == 202, answer.text
    return answer


def visitors(ingest: Ingest) -> list[int]:
    """The visitors of all events, sorted."""
    ingest.drain()
    return sorted(row["visitor"] for row in ingest.rows())


def test_the_id_of_the_beacon_is_kept_in_a_cookie_for_400_days(ingest: Ingest) -> None:
    answer = post(ingest, ingest.event(u=NEW))
    (kept,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert (kept.key, kept.value, kept["max-age"]) == ("_trk", NEW, str(400 * 86400))
    assert (kept["path"], kept["samesite"], kept["domain"]) == ("/", "Lax", "")
    assert kept["secure"]
    assert kept["httponly"]
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_the_cookie_outlives_what_the_browser_has_forgotten(ingest: Ingest) -> None:
    events = (ingest.event(u=NEW), ingest.event(u=NEW))
    answer = post(ingest, *events, cookie=f"other=1; _trk={OLD}; more=2")
    assert f"_trk={OLD}; Max-Age=34560000" in answer.headers["set-cookie"]
    assert visitors(ingest) == [0xAA, 0xAA]


def test_without_consent_the_cookie_goes_and_is_not_used(ingest: Ingest) -> None:
    answer = post(ingest, ingest.event(u=None), cookie=f"_trk={OLD}")
    assert "_trk=; Max-Age=0" in answer.headers["set-cookie"]
    assert 0xAA not in visitors(ingest)
    assert "set-cookie" not in post(ingest, ingest.event(u=None)).headers


def test_an_event_from_before_the_consent_gains_no_id(ingest: Ingest) -> None:
    post(ingest, ingest.event(u=None), ingest.event(u=NEW), cookie=f"_trk={OLD}")
    ingest.drain()
    rows = sorted((row["memory"], row["visitor"] == 0xAA) for row in ingest.rows())
    assert rows == [("daily", False), ("stored", True)]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "tracker.example"},
        {"host": "evilpump.example"},
        {"origin": ""},
        {"origin": "null"},
    ],
)
def test_there_is_no_cookie_on_a_host_that_is_not_the_sites(
    ingest: Ingest, headers: dict[str, str]
) -> None:
    answer = post(ingest, ingest.event(u=NEW), cookie=f"_trk={OLD}", **headers)
    assert "set-cookie" not in answer.headers
    assert 0xAA not in visitors(ingest)


def test_page_and_host_have_to_be_below_the_same_domain(ingest: Ingest) -> None:
    update_site(ingest.db, ingest.site.key, domains=["pump.example", "valve.example"])
    page = "https://www.valve.example"
    answer = post(ingest, ingest.event(u=NEW, l=f"{page}/"), origin=page)
    assert "set-cookie" not in answer.headers
    answer = post(ingest, ingest.event(u=NEW, l=f"{page}/"), origin=page, host="valve.example:443")
    assert f"_trk={NEW}" in answer.headers["set-cookie"]


@pytest.mark.parametrize("settings", [{}, {"http_cookie": True, "cookieless": True}])
def test_no_cookie_is_set_where_the_site_does_not_ask_for_it(
    ingest: Ingest, settings: dict[str, bool]
) -> None:
    update_site(ingest.db, ingest.site.key, settings=SiteSettings(**settings))  # type: ignore[arg-type]
    answer = post(ingest, ingest.event(u=NEW), cookie=f"_trk={OLD}")
    assert "set-cookie" not in answer.headers
    assert 0xAA not in visitors(ingest)


def test_a_privacy_signal_has_the_cookie_removed(ingest: Ingest) -> None:
    answer = post(ingest, ingest.event(u=NEW), cookie=f"_trk={OLD}", sec_gpc="1")
    assert answer.headers["x-tracker-dropped"] == "privacy_signal"
    assert "_trk=; Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize("bad", ["", "0", "zz00000000000000", OLD * 2, f'"{OLD}"'])
def test_a_cookie_that_is_no_id_is_replaced(ingest: Ingest, bad: str) -> None:
    answer = post(ingest, ingest.event(u=NEW), cookie=f"_trk={bad}")
    assert f"_trk={NEW}" in answer.headers["set-cookie"]
    assert visitors(ingest) == [0xBB]


def test_an_answer_that_refuses_can_be_read_by_the_page_too(ingest: Ingest) -> None:
    answer = ingest.post(b"{}", origin=PAGE)
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-credentials"] == "true"
