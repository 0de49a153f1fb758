"""From a request at ``/e`` to a row of ``events``: a real server on loopback, and chDB."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Engine

from tests.ingest import CHROME, SENT_MS, Ingest
from tracker.accounts import marks
from tracker.accounts.clock import utc_now
from tracker.accounts.sites import update_site
from tracker.accounts.suppression import suppress_visitors
from tracker.ingest.identity import visitor_number
from tracker.ingest.suppressed import visitor_text
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


def test_a_click_id_is_stored_once_and_not_again_in_the_next_pages_referrer(ingest: Ingest) -> None:
    own = "https://www.pump.example/p"
    other = "https://blog.example/a?gclid=kept"
    ingest.post(ingest.event(l=f"{own}?utm_source=baidu&bd_vid=abc123", r=""))
    ingest.post(ingest.event(l=own, r=f"{own}?utm_source=baidu&BD_VID=abc123&x=1"))
    ingest.post(ingest.event(l=own, r=other))
    ingest.drain()
    assert [row["click_id"] for row in ingest.rows()].count("abc123") == 1
    referrers = {row["referrer"] for row in ingest.rows()}
    assert referrers == {"", f"{own}?utm_source=baidu&x=1", other}


def test_a_gzipped_array_is_taken_whole(ingest: Ingest) -> None:
    body = gzip.compress(msgspec.json.encode([ingest.event() for _ in range(100)]))
    assert ingest.post(body, content_encoding="gzip").status_code == 202
    assert ingest.drain().events == 100


def one(ingest: Ingest, **fields: Any) -> dict[str, Any]:
    """The row that an event becomes."""
    answer = ingest.post(ingest.event(**fields))
    assert answer.status_code == 202, answer.text
    assert "x-tracker-dropped" not in answer.headers
    ingest.drain()
    (row,) = ingest.rows()
    return row


def dropped(ingest: Ingest, body: Any, **headers: str) -> str:
    """The reason for which a request was dropped."""
    answer = ingest.post(body, **headers)
    assert answer.status_code == 202, answer.text
    return str(answer.headers.get("x-tracker-dropped", ""))


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("occurred", "sent", "age"),
    [
        (SENT_MS - 60_000, SENT_MS, timedelta(minutes=1)),
        (SENT_MS + 60_000, SENT_MS, timedelta()),
        (SENT_MS - 30 * 86_400_000, SENT_MS, timedelta(days=7)),
        (0, SENT_MS, timedelta(days=7)),
        (None, SENT_MS, timedelta()),
        (1e308, -1e308, timedelta()),
    ],
)
def test_the_time_is_two_readings_of_the_clients_clock_against_ours(
    ingest: Ingest, occurred: float | None, sent: float, age: timedelta
) -> None:
    assert one(ingest, o=occurred, t=sent)["time"] == ingest.now - age


def test_a_client_whose_clock_is_years_off_loses_nothing(ingest: Ingest) -> None:
    row = one(ingest, o=5_000, t=6_000)
    assert row["time"] == ingest.now - timedelta(seconds=1)


# --- identity -----------------------------------------------------------------------------------


def test_without_an_id_a_visitor_is_the_same_for_a_local_day_only(ingest: Ingest) -> None:
    for _ in range(2):
        ingest.post(ingest.event(u=None))
    ingest.post(ingest.event(u=None), user_agent=CHROME + " Other/1")
    ingest.now += timedelta(hours=18)  # past midnight in Shanghai
    ingest.post(ingest.event(u=None))
    ingest.drain()
    rows = sorted(ingest.rows(), key=lambda row: row["received"])
    assert {row["memory"] for row in rows} == {"daily"}
    visitors = [row["visitor"] for row in rows]
    assert len(set(visitors)) == 3
    assert rows[-1]["visitor"] not in visitors[:3]


def test_a_cookieless_site_stores_no_id_even_if_one_is_sent(ingest: Ingest) -> None:
    update_site(ingest.db, ingest.site.key, settings=msgspec.structs.replace(
        ingest.site.settings, cookieless=True))  # fmt: skip
    assert one(ingest, u="0123456789abcdef")["memory"] == "daily"


def test_an_event_whose_salt_is_gone_is_a_visitor_of_its_own(ingest: Ingest) -> None:
    for _ in range(2):
        ingest.post(ingest.event(u=None, o=SENT_MS - 6 * 86_400_000))
    ingest.drain()
    rows = ingest.rows()
    assert {row["memory"] for row in rows} == {"none"}
    assert len({row["visitor"] for row in rows}) == 2
    assert ingest.counters.snapshot()["visitors.without_salt"] == 2


def test_a_visitor_number_is_the_hexadecimal_id_or_a_stable_hash() -> None:
    assert visitor_number("00000000000000ff") == 255
    assert visitor_number("00000000000000FF") == 255
    assert visitor_number("customer-7") == 11278748964774544126
    assert visitor_number("0000000000000000") == 1


def test_identify_stores_hashes_and_no_address_or_number(ingest: Ingest) -> None:
    props = {"email": " Li.Wei@Example.com ", "phone": "+86 138 0000 0000", "company": "Pumpen AG"}
    row = one(ingest, n="identify", p=props)
    assert row["props"] == {"company": "Pumpen AG"}
    found = {r["kind"]: r for r in ingest.rows("identities")}
    digest = found["email"]["hash"]
    digest = digest.decode() if isinstance(digest, bytes) else digest
    assert digest == sha256(b"li.wei@example.com").hexdigest()
    assert set(found) == {"email", "phone"}
    assert found["phone"]["visitor"] == row["visitor"]
    everything = str(ingest.rows()) + str(ingest.rows("identities"))
    assert "Example.com" not in everything
    assert "138" not in everything.replace(digest, "")


# --- drops --------------------------------------------------------------------------------------


def test_drops_are_answered_202_with_their_reason_and_counted(ingest: Ingest) -> None:
    ingest.now = utc_now()  # rejected events are kept for 30 days, by the engine's clock
    assert dropped(ingest, ingest.event(s="nosuchsite")) == "unknown_site"
    assert dropped(ingest, ingest.event(l="about:blank")) == "bad_url"
    assert dropped(ingest, ingest.event(), origin="https://evil.example") == "origin"
    assert dropped(ingest, ingest.event(l="https://copy.example/")) == "origin"
    assert dropped(ingest, ingest.event(b=1)) == "automation"
    assert dropped(ingest, ingest.event(), user_agent="Googlebot/2.1") == "bot"
    assert dropped(ingest, ingest.event(), sec_gpc="1") == "privacy_signal"
    twice = ingest.event()
    assert dropped(ingest, [twice, twice, ingest.event(s="nosuchsite")]) == "duplicate,unknown_site"
    counts = ingest.counters.snapshot()
    assert counts["dropped.origin"] == 2
    assert counts["dropped.bot"] == counts["dropped.duplicate"] == 1
    ingest.drain()
    assert len(ingest.rows()) == 1
    kept = {row["reason"]: row for row in ingest.rows("rejected_events")}
    assert set(kept) == {"bot", "automation"}
    assert kept["bot"]["user_agent"] == "Googlebot/2.1"
    assert kept["bot"]["url"] == "https://www.pump.example/"


def test_a_site_can_have_bots_flagged_instead_of_dropped(ingest: Ingest) -> None:
    update_site(ingest.db, ingest.site.key, settings=msgspec.structs.replace(
        ingest.site.settings, bots="flag"))  # fmt: skip
    row = one(ingest, b=1)
    assert row["flags"] == "automation"


def test_excluded_addresses_and_allowed_origins_are_the_sites(ingest: Ingest) -> None:
    settings = msgspec.structs.replace(
        ingest.site.settings,
        excluded_ips=("203.0.113.0/24",),
        allowed_origins=("https://shop.other.example:8443",),
    )
    update_site(ingest.db, ingest.site.key, settings=settings)
    url = "https://shop.other.example:8443/a"
    other = {"origin": "https://shop.other.example:8443"}
    assert dropped(ingest, ingest.event(l=url), **other) == ""
    assert dropped(ingest, ingest.event(), origin="https://www.pump.example") == "origin"
    away = {**other, "x_forwarded_for": "203.0.113.77"}
    assert dropped(ingest, ingest.event(l=url), **away) == "excluded_ip"


def test_a_forgotten_visitor_stays_forgotten(ingest: Ingest) -> None:
    suppress_visitors(ingest.db, ingest.site.key, [visitor_text(0x0123456789ABCDEF)])
    ingest.post([ingest.event(), ingest.event(u="00000000000000aa")])
    assert ingest.drain().suppressed == 1
    assert [row["visitor"] for row in ingest.rows()] == [0xAA]


# --- what the body may not set, and the address ---------------------------------------------------


def test_the_body_sets_neither_address_nor_agent_nor_time(ingest: Ingest) -> None:
    row = one(
        ingest, ip="8.8.8.8", user_agent="X", time="2020-01-01T00:00:00Z", received=1, country="US"
    )
    assert (row["ip"], row["user_agent"], row["received"]) == ("127.0.0.0", CHROME, ingest.now)


def test_the_address_is_the_rightmost_one_that_no_trusted_proxy_has(ingest: Ingest) -> None:
    ingest.post(ingest.event(), x_forwarded_for="1.2.3.4, 198.51.100.7, 127.0.0.1")
    ingest.drain()
    assert [row["ip"] for row in ingest.rows()] == ["198.51.100.0"]


def test_the_full_address_is_kept_for_paid_visits_only_and_by_setting(ingest: Ingest) -> None:
    update_site(ingest.db, ingest.site.key, settings=msgspec.structs.replace(
        ingest.site.settings, keep_full_ip=True))  # fmt: skip
    ingest.post(ingest.event(), x_forwarded_for="2001:db8:1:2::3")
    ingest.post(ingest.event(l="https://pump.example/?gclid=1"), x_forwarded_for="2001:db8:1:2::3")
    ingest.drain()
    assert sorted(row["ip"] for row in ingest.rows()) == ["2001:db8:1:2::3", "2001:db8:1::"]


# --- bounds -------------------------------------------------------------------------------------


def test_long_fields_are_cut_and_the_event_is_flagged(ingest: Ingest) -> None:
    row = one(
        ingest,
        n="n" * 100,
        d="t" * 1000,
        l="https://pump.example/" + "p" * 5000,
        r="https://news.example/" + "r" * 5000,
        p={f"k{i:02}" * 40: "v" * 1000 for i in range(40)},
        k="longer-than-any-code",
    )
    assert (len(row["name"]), len(row["title"]), len(row["path"])) == (64, 512, 2048)
    assert len(row["referrer"]) == 2048
    assert len(row["props"]) == 30
    assert max(map(len, row["props"].values())) == 512
    assert row["flags"] == "cut"


def test_values_are_exact_to_a_millionth_and_bad_ones_are_left_out(ingest: Ingest) -> None:
    for value, currency in [
        (19.990000000000002, "eur"),
        ("0.1", ""),
        ("NaN", "EUR"),
        (1e300, "EUR"),
        (5, "XXQ"),
    ]:
        ingest.post(ingest.event(x=value, c=currency))
    ingest.drain()
    found = sorted((str(row["value"]), row["currency"], row["flags"]) for row in ingest.rows())
    assert found == [
        ("0.100000", "", ""),
        ("19.990000", "EUR", ""),
        *[("None", "", "bad_value")] * 3,
    ]


def test_properties_are_text_whatever_they_were(ingest: Ingest) -> None:
    row = one(ingest, p={"a": 1, "b": 2.5, "c": True, "d": None, "e": 3.0, "f": "é\u0000"})
    assert row["props"] == {"a": "1", "b": "2.5", "c": "true", "d": "", "e": "3", "f": "é\0"}


def test_sizes_language_title_and_code_arrive(ingest: Ingest) -> None:
    row = one(ingest, w=[1920, 1080.0, 1519, 0], g="zh-CN", d=" 水泵 ", k="k3f7")
    assert (row["screen"], row["viewport"], row["language"]) == ("1920x1080", "", "zh-CN")
    assert (row["title"], row["code"]) == ("水泵", "K3F7")


def test_each_event_of_a_request_has_its_own_page_and_texts(ingest: Ingest) -> None:
    page = "https://www.pump.example/a?gclid=7"
    events = [
        ingest.event(l=page, n="a", d="Pumps", w=[1920, 1080, 1519, 720, 9, 9]),
        ingest.event(l=page, n="b", d="Pumps", o=SENT_MS - 500, p={"k": "v"}),
        ingest.event(l=page, n="c" * 65, d="x" * 513, r="https://www.baidu.com/"),
        ingest.event(l=page, n="d", u="0000000000000002", a=300),
        ingest.event(l="https://elsewhere.example/", n="e"),
        ingest.event(l="https://www.pump.example/b", n="f", b=1),
        ingest.event(l=page, n="g", a=-1, g="x" * 40, k="y" * 20),
    ]
    answer = ingest.post(events)
    assert answer.headers["x-tracker-dropped"] == "origin,automation"
    ingest.drain()
    rows = {row["name"]: row for row in ingest.rows()}
    assert sorted(rows) == ["a", "b", "c" * 64, "d", "g"]
    # Google's click id does not come from Baidu.
    assert {row["click_id"] for row in rows.values() if not row["referrer"]} == {"7"}
    assert {row["source"] for row in rows.values() if row["referrer"]} == {"baidu"}
    assert (rows["a"]["screen"], rows["a"]["viewport"]) == ("1920x1080", "1519x720")
    assert (rows["b"]["screen"], rows["b"]["title"]) == ("", "Pumps")
    assert (rows["a"]["props"], rows["b"]["props"]) == ({}, {"k": "v"})
    assert (rows["b"]["time"] - rows["a"]["time"]).total_seconds() == 1
    cut = rows["c" * 64]
    assert (cut["flags"], cut["title"], cut["referrer"]) == (
        "cut",
        "x" * 512,
        "https://www.baidu.com/",
    )
    assert rows["d"]["flags"] == rows["g"]["flags"] == ""
    assert (rows["d"]["visitor"], rows["d"]["attempt"]) == (2, 255)
    assert (rows["g"]["attempt"], rows["g"]["language"], rows["g"]["code"]) == (
        1,
        "x" * 35,
        "Y" * 12,
    )


# --- the pixel, and CORS ------------------------------------------------------------------------


def test_the_pixel_counts_a_page_without_script(ingest: Ingest) -> None:
    headers = {"user-agent": CHROME, "referer": "https://www.pump.example/a?gclid=7"}
    answer = ingest.client.get("/p.gif", params={"s": ingest.site.key}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a")
    ingest.drain()
    (row,) = ingest.rows()
    assert (row["origin"], row["path"], row["click_id"]) == ("pixel", "/a", "7")
    assert row["memory"] == "daily"


def test_the_pixel_is_an_image_even_for_a_drop(ingest: Ingest) -> None:
    for query in ("", "s=", "s=nosuchsite&l=xx", "s=%00%ff", "a=b&" * 100):
        answer = ingest.client.get("/p.gif?" + query, headers={"user-agent": CHROME})
        assert answer.status_code == 200
        assert answer.headers["x-tracker-dropped"]


def test_a_preflight_is_answered_for_those_who_make_one(ingest: Ingest) -> None:
    answer = ingest.client.options("/e", headers={"origin": "https://www.pump.example"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_marks_of_a_request_are_the_days_of_its_events(ingest: Ingest) -> None:
    ingest.now = datetime(2026, 9, 15, 16, 1, tzinfo=UTC)  # 00:01 on the 16th in Shanghai
    ingest.post(ingest.event())
    ingest.drain()
    assert marks_of(ingest) == {date(2026, 9, 15), date(2026, 9, 16)}
