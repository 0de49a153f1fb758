"""``POST /api/v1/sites/{site}/events``: the application as it is wired, loader and report."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.ingest import CHROME
from tests.serving import serving
from tests.world import World, ad, at
from tracker.accounts.sites import SiteSettings, update_site
from tracker.accounts.tokens import add_token
from tracker.app import create_app
from tracker.errors import Unavailable
from tracker.ingest.identity import visitor_number
from tracker.warehouse.client import Warehouse

README = Path(__file__).parents[1] / "snippet" / "README.md"
SPEND = "Day,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-10-31,pumps,g,pump,90,3,100\n"
#: One good event; tests change a field of it.
ORDER = {
    "id": "A-1",
    "name": "order",
    "time": "2026-10-31T10:05:00+08:00",
    "visitor": "5be0cd19137e2179",
    "url": "https://pump.example/order",
    "value": "1299.90",
    "currency": "CNY",
    "ip": "203.0.113.9",
    "user_agent": CHROME,
    "language": "zh-CN",
    "code": "k3f7",
    "props": {"sku": "IS-80"},
}


@dataclass
class Shop:
    """A world, the server of its events, and a token."""

    world: World
    client: httpx.Client
    url: str
    secret: str

    def send(self, body: Any, **headers: str) -> httpx.Response:
        """Post events with the token."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.secret}", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/api/v1/sites/{self.world.site.key}/events"
        return self.client.post(path, content=data, headers=sent)

    def rows(self) -> list[dict[str, Any]]:
        """The stored events, once the open segments are closed."""
        until = monotonic() + 10
        while list((self.world.parts.settings.spool / "open").iterdir()):
            assert monotonic() < until
            sleep(0.05)
        self.world.loader.drain()
        return self.world.warehouse.dicts("SELECT * FROM events ORDER BY time, name")


@pytest.fixture
def shop(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Iterator[Shop]:
    """The pages and the API, as a process beside the loader serves them."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    _, secret = add_token(world.db, tenant=world.tenant, site=world.site.key, scope="write")
    with (
        serving(create_app(world.parts, role="web")) as url,
        httpx.Client(base_url=url, timeout=20) as client,
    ):
        yield Shop(world, client, url, secret)


def accepted(answer: httpx.Response, count: int = 1) -> None:
    assert (answer.status_code, answer.json()) == (202, {"accepted": count, "dropped": {}})


def test_an_event_keeps_the_servers_word_on_time_visitor_and_address(shop: Shop) -> None:
    accepted(shop.send(ORDER))
    (row,) = shop.rows()
    assert (row["name"], row["origin"], row["memory"]) == ("order", "api", "stored")
    assert row["time"] == datetime(2026, 10, 31, 2, 5, tzinfo=UTC)
    assert row["received"] == shop.world.now
    assert (row["visitor"], row["ip"]) == (0x5BE0CD19137E2179, "203.0.113.0")
    assert (row["browser"], row["user_agent"]) == ("Chrome", CHROME)
    assert (str(row["value"]), row["currency"]) == ("1299.900000", "CNY")
    assert (row["code"], row["language"], row["props"]) == ("K3F7", "zh-CN", {"sku": "IS-80"})


def test_an_event_is_on_disk_before_it_is_acknowledged(shop: Shop) -> None:
    accepted(shop.send(ORDER))
    spooled = [path.read_bytes() for path in shop.world.parts.settings.spool.rglob("*.events.*")]
    assert sum(data.count(b"IS-80") for data in spooled) == 1


def test_nothing_is_required(shop: Shop) -> None:
    accepted(shop.send({}))
    accepted(shop.send([{"name": "order", "surplus": [1]}, {}], content_type="text/plain"), 2)
    rows = shop.rows()
    assert [row["name"] for row in rows] == ["order", "pageview", "pageview"]
    assert {row["time"] for row in rows} == {shop.world.now}
    assert len({row["event_id"] for row in rows}) == 3


def test_a_thousand_events_are_taken_gzipped_and_one_more_is_refused(shop: Shop) -> None:
    many = [ORDER | {"id": number, "title": "x" * 100} for number in range(1000)]
    body = json.dumps(many).encode()
    assert len(body) > 2**18
    accepted(shop.send(gzip.compress(body), content_encoding="gzip"), 1000)
    answer = shop.send([*many, ORDER])
    assert answer.status_code == 400
    assert "1 to 1000" in answer.json()["error"]["message"]
    assert len(shop.rows()) == 1000


# --- exactly once -------------------------------------------------------------------------------


def test_an_event_with_an_id_counts_once_however_often_it_is_sent(shop: Shop) -> None:
    shop.world.goal("Order", kind="event", pattern="order", use_event_value=True)
    shop.world.spend(SPEND, platform="baidu", currency="CNY")
    landing = {"id": "L-1", "visitor": "v1", "url": ad("pump"), "time": "2026-10-31T02:00:00Z"}
    order = ORDER | {"visitor": "v1"}
    for _ in range(3):
        accepted(shop.send([landing, order]), 2)
        shop.world.now += timedelta(days=2)
        accepted(shop.send({"id": "now", "name": "order", "visitor": "v1"}))
    assert len({row["event_id"] for row in shop.rows()}) == 3
    shop.world.reconcile()
    for first, last in (("2026-10-31", "2026-10-31"), ("2026-11-01", "2026-11-07")):
        assert shop.world.report(first, last, by="conversion").totals.conversions == "1"
    (row,) = shop.world.report("2026-10-31", "2026-10-31").rows
    assert (row.keyword, row.visits) == ("pump", 1)
    assert Decimal(str(row.conversions)) == 2
    assert Decimal(str(row.revenue)) == Decimal("1299.9")


def test_a_uuid_is_the_events_own_id(shop: Shop) -> None:
    given = "0F8FAD5B-D9CB-469F-A165-70867728950E"
    accepted(shop.send(ORDER | {"id": given}))
    assert [row["event_id"] for row in shop.rows()] == [UUID(given)]


# --- whose visit it is --------------------------------------------------------------------------


def without(*fields: str, **given: Any) -> dict[str, Any]:
    """The good event less some fields."""
    return {field: value for field, value in ORDER.items() if field not in fields} | given


def test_an_order_with_a_visit_code_alone_finds_the_latest_visit_before_it(shop: Shop) -> None:
    shop.world.goal("Order", kind="event", pattern="order", use_event_value=True)
    shop.world.spend(SPEND, platform="baidu", currency="CNY")
    shop.world.events(
        [
            at("10-31 01:00", "before", ad("valve"), code="K3F7"),
            at("10-31 02:00", "buyer", ad("pump"), code="K3F7"),
            at("10-31 02:06", "after", ad("valve"), code="K3F7"),
            at("09-15 02:00", "old", ad("valve"), code="ZZZZ"),
        ]
    )
    shop.world.reconcile()
    other = without("visitor", "ip", "user_agent", id="A-2", code="ZZZZ", value=7)
    accepted(shop.send([without("visitor"), other]), 2)
    rows = {str(row["event_id"]): row for row in shop.rows() if row["name"] == "order"}
    by_value = {Decimal(row["value"]): row for row in rows.values()}
    buyer = by_value[Decimal("1299.9")]
    assert (buyer["visitor"], buyer["memory"]) == (visitor_number("buyer"), "stored")
    # A code of which nothing was seen for thirty days is nobody's.
    assert by_value[Decimal(7)]["memory"] == "none"
    shop.world.reconcile()
    found = {row.keyword: row for row in shop.world.report("2026-10-31", "2026-10-31").rows}
    assert Decimal(str(found["pump"].revenue)) == Decimal("1299.9")
    assert found["pump"].visits == 1


def test_the_visitor_that_is_given_goes_before_the_visit_code(shop: Shop) -> None:
    shop.world.events([at("10-31 02:00", "buyer", code="K3F7")])
    accepted(shop.send(ORDER))
    assert {row["visitor"] for row in shop.rows() if row["name"] == "order"} == {0x5BE0CD19137E2179}


def test_an_order_with_a_visit_code_is_not_taken_while_the_engine_is_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(*_: object, **__: object) -> None:
        raise Unavailable("ClickHouse does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(Warehouse, "rows", rows)
        assert shop.send(without("visitor")).status_code == 503
        accepted(shop.send(ORDER))
    assert len(shop.rows()) == 1


def test_an_order_finds_its_visit_by_the_address_of_an_identify_beside_it(shop: Shop) -> None:
    shop.world.goal("Order", kind="event", pattern="order", use_event_value=True)
    shop.world.spend(SPEND, platform="baidu", currency="CNY")
    address = {"email": "buyer@company.example"}
    shop.world.events(
        [
            at("10-31 02:00", "buyer", ad("pump")),
            at("10-31 02:01", "buyer", name="identify", props=address),
        ]
    )
    of_shop = {"visitor": "customer-4711", "time": ORDER["time"]}
    accepted(shop.send([of_shop | {"name": "identify", "props": address}, ORDER | of_shop]), 2)
    assert all("email" not in row["props"] for row in shop.rows())
    shop.world.reconcile()
    found = {row.keyword: row for row in shop.world.report("2026-10-31", "2026-10-31").rows}
    assert Decimal(str(found["pump"].revenue)) == Decimal("1299.9")


# --- dropped, refused ---------------------------------------------------------------------------


def test_what_a_rule_of_the_site_drops_is_counted_by_reason(shop: Shop) -> None:
    update_site(
        shop.world.db, shop.world.site.key, settings=SiteSettings(excluded_ips=("10.0.0.0/8",))
    )
    answer = shop.send(
        [
            ORDER,
            ORDER | {"id": "2", "ip": "10.1.2.3"},
            ORDER | {"id": "3", "user_agent": "Googlebot/2.1"},
            ORDER | {"id": "4", "user_agent": "Googlebot/2.1"},
        ]
    )
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "dropped": {"bot": 2, "excluded_ip": 1}}
    assert len(shop.rows()) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time", "2026-10-31T10:05:00"),
        ("time", "2026-10-01T23:00:00Z"),
        ("time", "2026-11-01T00:20:00Z"),
        ("time", 1_760_000_000),
        ("visitor", "v" * 65),
        ("visitor", []),
        ("name", " "),
        ("name", "n" * 65),
        ("url", "javascript:alert(1)"),
        ("value", "many"),
        ("value", "1e30"),
        ("currency", "EURO"),
        ("props", {"a": {"b": 1}}),
        ("props", []),
        ("ip", "300.1.1.1"),
        ("id", "i" * 201),
        ("user_agent", 7),
    ],
)
def test_one_malformed_event_refuses_all_and_is_named(shop: Shop, field: str, value: Any) -> None:
    answer = shop.send([ORDER, ORDER | {"id": "2", field: value}])
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["message"].startswith(f"events[1].{field}: ")
    assert error["message"].endswith("Nothing was taken.")
    assert error["hint"]
    assert shop.rows() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"7", b"[7]", b"\xff", b"[" * 100_000, b"null"])
def test_a_body_that_is_no_event_is_refused(shop: Shop, body: bytes) -> None:
    answer = shop.send(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_a_form_is_told_to_be_json(shop: Shop) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = shop.send(b"--x--\r\n", content_type=kind)
        assert answer.status_code == 400
    assert (
        shop.send(b"a=b", content_type="application/x-www-form-urlencoded").json()["error"]["hint"]
        == "Send JSON as Content-Type: application/json."
    )


def test_a_body_that_is_too_large_is_refused(shop: Shop) -> None:
    bomb = gzip.compress(b" " * (5 * 2**20))
    assert shop.send(b" " * (5 * 2**20)).status_code == 413
    assert shop.send(bomb, content_encoding="gzip").status_code == 413
    assert shop.send(bomb, content_encoding="br").status_code == 415


def test_only_a_token_that_may_write_to_the_site_is_let_in(shop: Shop) -> None:
    _, reader = add_token(shop.world.db, tenant=shop.world.tenant, site=None, scope="read")
    assert shop.send(ORDER, authorization=f"Bearer {reader}").status_code == 403
    assert shop.send(ORDER, authorization="Bearer trk_invented").status_code == 401
    assert shop.rows() == []


FIELDS = st.sampled_from([*ORDER, "surplus"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2)
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=6), max_size=4) | st.binary(max_size=80))
def test_no_body_makes_the_server_fail(shop: Shop, body: Any) -> None:
    answer = shop.send(body)
    assert answer.status_code in (202, 400)


# --- the example of the documents ---------------------------------------------------------------


def example(language: str, shop: Shop) -> str:
    """The example of the section on servers, with this server's address, site and token."""
    section = README.read_text(encoding="utf-8").partition("\n## Events from a server\n")[2]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found
    code = found[1].replace("https://HOST", shop.url).replace("TOKEN", shop.secret)
    return code.replace("/KEY/", f"/{shop.world.site.key}/")


def test_the_python_example_of_the_documents_works(shop: Shop) -> None:
    update_site(shop.world.db, shop.world.site.key, domains=["company.example"])
    done = subprocess.run(
        [sys.executable, "-c", example("python", shop)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, '{"accepted":1,"dropped":{}}'), done.stderr
    (row,) = shop.rows()
    assert (row["name"], str(row["value"]), row["currency"]) == ("order", "1299.900000", "EUR")
