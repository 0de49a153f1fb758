"""Rules of a site at the door: pages, parameters, rates, data centres; and what is kept of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from tests.ingest import Ingest
from tracker.accounts import site_rules
from tracker.accounts.clock import utc_now
from tracker.accounts.sites import SiteSettings, add_site, update_site
from tracker.accounts.tenants import add_tenant
from tracker.errors import ConfigError, InvalidInput
from tracker.ingest.draft import RECENT
from tracker.ingest.hosting import HostingNetworks, load_hosting, packaged_hosting
from tracker.ingest.rates import Rates
from tracker.ingest.sources import engines, personal, tags
from tracker.ingest.stripping import without_params
from tracker.ingest.tagging import FIELDS
from tracker.warehouse.client import Warehouse

SiteOf = Callable[..., Ingest]
#: An address of Amazon's (us-east-1), and one of a household in Germany.
SERVER, HOME = "3.80.1.2", "91.10.20.30"


@pytest.fixture
def ingest_of(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Iterator[SiteOf]:
    """A server whose site has the settings given."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Ingest:
            made = Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded, settings=settings)
            return stack.enter_context(made)

        yield start


def dropped(ingest: Ingest, forwarded: str = "", **fields: Any) -> str:
    """What the answer says was dropped of one event."""
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    answer = ingest.post(ingest.event(**fields), **headers)
    assert answer.status_code == 202, answer.text
    return str(answer.headers.get("x-tracker-dropped", ""))


def one_row(ingest: Ingest, forwarded: str = "", **fields: Any) -> dict[str, Any]:
    """The row that an event becomes."""
    assert dropped(ingest, forwarded, **fields) == ""
    ingest.drain()
    (row,) = ingest.rows()
    return row


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/intern", False),
        ("/intern/a/b?x=1", False),
        ("/internal", True),
        ("/shop/preview", False),
        ("/shop/a/preview", True),
        ("/%E5%86%85%E9%83%A8/x", False),
        ("/", True),
    ],
)
def test_excluded_pages_are_not_counted(ingest_of: SiteOf, path: str, counted: bool) -> None:
    ingest = ingest_of(excluded_paths=("/intern/**", "/*/preview", "/内部/*"))
    reason = "" if counted else "excluded_path"
    assert dropped(ingest, l=f"https://www.pump.example{path}") == reason
    assert ingest.counters.snapshot().get("dropped.excluded_path", 0) == (not counted)
    ingest.drain()
    assert ingest.rows("rejected_events") == []


def test_personal_and_named_parameters_are_never_stored(ingest_of: SiteOf) -> None:
    ingest = ingest_of(stripped_params=("Order-No",))
    row = one_row(
        ingest,
        l="https://www.pump.example/a;jsessionid=AB12/b?utm_source=baidu&E-Mail=bob%40x.example"
        "&user%5Bphone%5D=123&order-no=77&utm_term=pump&access_token=s3cret&%E6%89%8B%E6%9C%BA=139"
        "&bd_vid=v1&page=2",
        r="https://news.example/x?PHPSESSID=abc&id=7&token=t",
    )
    assert (row["path"], row["query"]) == ("/a/b", "utm_source=baidu&utm_term=pump&page=2")
    assert row["referrer"] == "https://news.example/x?id=7"
    assert (row["keyword"], row["click_id"]) == ("pump", "v1")


def test_a_rejected_event_is_kept_without_personal_parameters(ingest_of: SiteOf) -> None:
    ingest = ingest_of()
    ingest.now = utc_now()  # what is kept is kept for 30 days
    url = "https://www.pump.example/?email=bob%40x.example&a=1"
    assert dropped(ingest, b=1, l=url, r="https://mail.example/?sid=1") == "automation"
    ingest.drain()
    (row,) = ingest.rows("rejected_events")
    assert (row["url"], row["referrer"]) == (
        "https://www.pump.example/?a=1",
        "https://mail.example/",
    )


def test_no_name_that_classification_reads_is_taken_for_personal() -> None:
    read = {row.param for row in tags.CLICK_IDS} | set(tags.AD_MARKS)
    for table in (tags.TAG_FIELDS, tags.MACRO_FIELDS):
        read |= {param for params in table.values() for param in params}
    read |= {param for engine in engines.ENGINES for param in engine.params}
    assert read
    assert {name for name in read if not without_params(f"{name}=1", frozenset())} == set()
    assert {
        name.lower().translate(str.maketrans("", "", "-_.")) for name in personal.PERSONAL_PARAMS
    } == personal.PERSONAL_PARAMS


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_freely_named_parameters_fill_the_fields_they_are_mapped_to(
    ingest_of: SiteOf, encoding: str
) -> None:
    ingest = ingest_of(param_map={"JH": "campaign", "danyuan": "ad_group", "关键词": "keyword"})
    name, word = quote("关键词", encoding=encoding), quote("一级泵", encoding=encoding)
    query = f"jh=spring&danyuan=pumps&{name}={word}&bd_vid=v2"
    row = one_row(ingest, l=f"https://www.pump.example/?{query}")
    assert (row["campaign"], row["ad_group"], row["keyword"]) == ("spring", "pumps", "一级泵")
    assert (row["platform"], row["channel"]) == ("baidu", "Paid Search")


def test_fields_of_a_map_are_those_of_classification() -> None:
    assert set(site_rules.PARAM_FIELDS) == set(FIELDS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"excluded_paths": ("intern",)}, "Not a path pattern: 'intern'"),
        ({"excluded_paths": ("/a?b",)}, "Not a path pattern"),
        ({"excluded_paths": ("/***",)}, "Not a path pattern"),
        ({"stripped_params": ("a=b",)}, "Not the name of a query parameter: 'a=b'"),
        ({"stripped_params": ("",)}, "Not the name of a query parameter"),
        ({"param_map": {"kw": "keywrd"}}, "'kw' cannot fill 'keywrd'. Allowed: platform, source"),
        ({"rate_limit": -1}, "rate_limit is -1; allowed are 0"),
        ({"address_rate_limit": 10**9}, "address_rate_limit is 1000000000"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(
    sqlite_db: Engine, settings: dict[str, Any], message: str
) -> None:
    tenant = add_tenant(sqlite_db, name="Pump Works")
    with pytest.raises(InvalidInput) as refused:
        add_site(
            sqlite_db,
            tenant=tenant.id,
            name="Pumps",
            domains=["pump.example"],
            timezone="UTC",
            currency="EUR",
            settings=SiteSettings(**settings),
        )
    assert message in str(refused.value)


def test_an_address_above_its_rate_waits_and_others_do_not(ingest_of: SiteOf) -> None:
    ingest = ingest_of(address_rate_limit=3)
    for _ in range(3):
        assert dropped(ingest, HOME) == ""
    refused = ingest.post(ingest.event(), x_forwarded_for=HOME)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert refused.json()["error"]["code"] == "rate_limited"
    assert "more than 3 events in a minute" in refused.json()["error"]["message"]
    assert dropped(ingest, "91.10.20.31") == ""
    assert ingest.counters.snapshot()["limited.address"] == 1
    assert ingest.counters.snapshot()["refused.rate_limited"] == 1
    ingest.now += timedelta(seconds=int(refused.headers["retry-after"]))
    assert dropped(ingest, HOME) == ""
    assert ingest.drain().events == 5


def test_an_address_above_its_rate_is_flagged_where_the_site_says_so(ingest_of: SiteOf) -> None:
    ingest = ingest_of(address_rate_limit=1, bots="flag")
    assert dropped(ingest, HOME) == dropped(ingest, HOME) == ""
    ingest.drain()
    assert sorted(row["flags"] for row in ingest.rows()) == ["", "rate"]
    assert ingest.counters.snapshot()["flagged.rate"] == 1


def test_a_site_above_its_rate_is_refused_whole_requests(ingest_of: SiteOf) -> None:
    ingest = ingest_of(rate_limit=4)
    assert ingest.post([ingest.event() for _ in range(3)]).status_code == 202
    assert ingest.post([ingest.event() for _ in range(2)]).status_code == 429
    assert dropped(ingest) == ""
    assert ingest.post(ingest.event()).status_code == 429
    assert ingest.drain().events == 4


def test_a_proxy_that_hides_its_clients_is_not_limited_as_one_address(ingest_of: SiteOf) -> None:
    ingest = ingest_of(address_rate_limit=1)
    assert [dropped(ingest) for _ in range(3)] == [""] * 3


def test_the_wait_is_long_enough_and_never_for_ever() -> None:
    for before, current, passed in [(10, 0, 0), (10, 4, 1_000), (0, 10, 59_999), (10, 10, 30_000)]:
        rates = Rates()
        start = 60_000 * 1000
        for now, amount in ((start - 1, before), (start + passed, current)):
            for _ in range(amount):
                rates.take("k", 10, 1, now)
        now = start + passed
        wait = rates.take("k", 10, 1, now)
        assert 0 <= wait <= 120
        assert rates.take("k", 10, 1, now + wait * 1000) == 0


def test_a_request_larger_than_the_limit_passes_when_nothing_else_does() -> None:
    rates = Rates()
    assert rates.take("k", 10, 100, 0) == 0
    assert rates.take("k", 10, 1, 0) > 0


def test_servers_are_flagged_or_dropped_and_counted(ingest_of: SiteOf) -> None:
    ingest = ingest_of()
    ingest.now = utc_now()
    assert dropped(ingest, SERVER) == dropped(ingest, HOME) == ""
    update_site(ingest.db, ingest.site.key, settings=SiteSettings(hosting="drop"))
    ingest.now += timedelta(seconds=10)
    threading.Event().wait(RECENT * 1.5)  # until the process asks for the site again
    assert dropped(ingest, SERVER) == "hosting"
    ingest.drain()
    assert sorted(row["flags"] for row in ingest.rows()) == ["", "hosting"]
    (kept,) = ingest.rows("rejected_events")
    assert (kept["reason"], kept["ip"]) == ("hosting", "3.80.1.0")
    counts = ingest.counters.snapshot()
    assert counts["dropped.hosting"] == 1
    assert counts["flagged.hosting"] == 1


@pytest.mark.parametrize(
    ("address", "hosted"),
    [
        (SERVER, True),
        ("2600:1f18::1", True),
        ("::ffff:3.80.1.2", True),
        (HOME, False),
        ("192.168.0.1", False),
        ("2001:db8::1", False),
        ("", False),
        ("no address", False),
    ],
)
def test_the_packaged_list_knows_servers(address: str, hosted: bool) -> None:
    assert (address in packaged_hosting()) is hosted


def test_the_ends_of_a_network_belong_to_it() -> None:
    found = HostingNetworks(["# ours", "203.0.113.128/25", "203.0.113.0/25 # joined", ""])
    assert "203.0.113.0" in found
    assert "203.0.113.255" in found
    assert "203.0.112.255" not in found
    assert "203.0.114.0" not in found


def test_a_network_within_another_changes_nothing() -> None:
    found = HostingNetworks(["203.0.113.0/24", "203.0.113.0/28", "203.0.114.8/32"])
    assert "203.0.113.200" in found
    assert "203.0.114.8" in found
    assert "203.0.114.9" not in found


def test_a_list_of_ones_own_names_its_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("203.0.113.0/24\n203.0.113.7/24\n")
    with pytest.raises(ConfigError, match=r"own\.txt, line 2: '203\.0\.113\.7/24'"):
        load_hosting(file)
    with pytest.raises(ConfigError, match=r"missing\.txt cannot be read"):
        load_hosting(tmp_path / "missing.txt")
