"""Values that include tax count net: of the site's rule, or of a rate of their own. All by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.accounts.sites import SiteSettings, find_site, update_site
from tracker.commands.sites import site_changed
from tracker.conversions.deliveries import read_delivery
from tracker.conversions.entries import read_entries
from tracker.errors import InvalidInput
from tracker.reports.leads import lead_steps
from tracker.requests.conversions import TakeConversions
from tracker.requests.reports import ListConversions, ReportBreakdown
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

HEADER = "Time,Stage,Value,Currency,Tax rate,ID,Visitor\n"
VALUES = (
    "SELECT external_id, value, tax_rate, value_site FROM conversions "
    "WHERE (day, build) IN "
    "(SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day) "
    "ORDER BY external_id, value"
)


@pytest.fixture
def world(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> World:
    """A site whose values include 13 per cent."""
    settings = SiteSettings(tax_rate=Decimal("0.13"))
    return World(warehouse_embedded, sqlite_db, tmp_path, settings=settings)


def amounts(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def test_an_offline_value_counts_net_of_its_own_rate_or_of_the_sites(world: World) -> None:
    """113 / 1.13 = 100; 106 / 1.06 = 100; 0.000004 / 1.6 = 0.0000025, half of it away from zero."""
    world.offline(
        HEADER
        + "2026-09-02 10:00,order,113.00,CNY,,A,v1\n"
        + "2026-09-02 10:00,order,106.00,CNY,6%,B,v1\n"
        + "2026-09-02 10:00,order,113.00,CNY,0,C,v1\n"
        + "2026-09-02 10:00,order,-113.00,CNY,,D,v1\n"
        + "2026-09-02 10:00,order,100,CNY,0.13,E,v1\n"
        + "2026-09-02 10:00,order,0.000004,CNY,0.6,F,v1\n"
        + "2026-09-02 10:00,order,-0.000004,CNY,60%,G,v1\n"
        + "2026-09-02 10:00,inquiry,,,,H,v1\n"
    )
    world.reconcile()
    assert [(row[0], *row[1:]) for row in world.rows(VALUES)] == [
        ("A", *amounts("113", "0.13", "100")),
        ("B", *amounts("106", "0.06", "100")),
        ("C", *amounts("113", "0", "113")),
        ("D", *amounts("-113", "0.13", "-100")),
        ("E", *amounts("100", "0.13", "88.495575")),
        ("F", *amounts("0.000004", "0.6", "0.000003")),
        ("G", *amounts("-0.000004", "0.6", "-0.000003")),
        ("H", None, Decimal(0), None),
    ]
    (total,) = world.rows("SELECT sum(amount) FROM credits WHERE model = 'linear' GROUP BY model")
    assert total == (100_000_000 + 100_000_000 + 113_000_000 - 100_000_000 + 88_495_575,)


def test_tax_is_taken_off_before_the_value_is_converted(world: World) -> None:
    """USD 113 at 13% are USD 100, at 7.1 CNY 710; a missing rate stays missing."""
    world.rates("Date,Base,Quote,Rate\n2026-09-02,USD,CNY,7.1\n")
    world.offline(
        HEADER
        + "2026-09-02 10:00,order,113,USD,,A,v1\n"
        + "2026-09-02 10:00,order,53,USD,0.06,B,v1\n"
        + "2026-09-02 10:00,order,113,EUR,,C,v1\n"
    )
    world.reconcile()
    assert [row[3] for row in world.rows(VALUES)] == [Decimal(710), Decimal(355), None]


def test_values_of_events_and_fixed_ones_have_the_rule_of_the_site(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.goal("sample", kind="event", pattern="sample", value=Decimal(226))
    world.events(
        [
            at("09-01 10:00", url=ad("water pump")),
            at("09-01 10:05", name="order", value="113", currency="CNY"),
            at("09-01 10:06", name="sample"),
        ]
    )
    world.reconcile()
    rows = [row[1:] for row in world.rows(VALUES)]
    assert rows == [amounts("113", "0.13", "100"), amounts("226", "0.13", "200")]
    (row,) = world.report("2026-09-01", "2026-09-01").rows
    assert row.revenue == "300.00"


def test_a_change_of_the_rule_changes_history_as_often_as_it_is_made(world: World) -> None:
    world.offline(
        HEADER
        + "2026-09-02 10:00,order,113,CNY,,A,v1\n"
        + "2026-10-02 10:00,order,113,CNY,0,B,v1\n"
    )
    world.reconcile()

    def revenue() -> str | None:
        return world.report("2026-09-01", "2026-10-31").totals.revenue

    assert revenue() == "213.00"
    for rate, expected in (("0", "226.00"), ("0.06", "219.603774"), ("0.13", "213.00")):
        before = world.site
        settings = msgspec.structs.replace(before.settings, tax_rate=Decimal(rate))
        world.site = update_site(world.db, before.key, settings=settings)
        site_changed(world.parts, before, world.site)
        world.reconcile()
        assert revenue() == expected


def test_a_rebuild_gives_the_same_net_values(world: World) -> None:
    world.offline(HEADER + "2026-09-02 10:00,order,100,CNY,,A,v1\n")
    world.reconcile()
    before = world.rows(VALUES)
    world.run("rebuild", Rebuild(world.site.key))
    assert world.rows(VALUES) == before


def test_all_reports_of_value_are_net(world: World) -> None:
    """113 and 106 at 6% are 100 each, 56.50 given back are 50."""
    world.events([at("09-01 10:00", url=ad("water pump"))])
    world.offline(
        HEADER
        + "2026-09-02 10:00,order,113,CNY,,A,v1\n"
        + "2026-09-02 11:00,order,106,CNY,6%,B,v1\n"
        + "2026-09-03 11:00,order,-56.50,CNY,,C,v1\n"
    )
    world.reconcile()
    keywords = world.report("2026-09-01", "2026-09-30")
    assert (keywords.totals.revenue, keywords.totals.conversions) == ("150.00", "2")
    found: Any = world.run(
        "report-breakdown",
        ReportBreakdown(
            site=world.site.key,
            first="2026-09-01",
            last="2026-09-30",
            given={"group": "keyword", "metrics": "revenue"},
        ),
    )
    assert found.totals["revenue"] == "150.00"
    listed: Any = world.run(
        "report-conversions",
        ListConversions(site=world.site.key, first="2026-09-01", last="2026-09-30"),
    )
    given = [(one.value, one.tax_rate, one.revenue) for one in listed["conversions"]]
    assert given == [
        ("-56.50", "0.13", "-50.00"),
        ("106.00", "0.06", "100.00"),
        ("113.00", "0.13", "100.00"),
    ]


def test_programs_and_webhooks_name_the_rate_too(world: World) -> None:
    body = [
        {"id": "A", "stage": "order", "value": "113", "time": "2026-09-02", "tax_rate": 0.13},
        {"id": "B", "stage": "order", "value": "113", "time": "2026-09-02", "tax_rate": "0"},
        {"id": "C", "stage": "order", "value": "113", "time": "2026-09-02"},
    ]
    entries = read_entries(json.dumps(body).encode())
    sent = {"order": {"no": "D", "sum": "106", "vat": "6%"}, "stage": "order", "time": "2026-09-02"}
    fields = {"id": "order.no", "value": "order.sum", "tax_rate": "order.vat"}
    entries += read_delivery(json.dumps(sent).encode(), "application/json", fields)
    world.run("conversions-take", TakeConversions(world.site.key, tuple(entries)))
    world.reconcile()
    assert [row[2:] for row in world.rows(VALUES)] == [
        amounts("0.13", "100"),
        amounts("0", "113"),
        amounts("0.13", "100"),
        amounts("0.06", "100"),
    ]
    assert [
        lead_steps(world.warehouse, world.db, world.site, key)[0].tax_rate
        for key in ("A", "B", "C", "D")
    ] == ["0.13", "0", None, "0.06"]


@pytest.mark.parametrize("title", ["Tax rate", "VAT rate", "税率", "含税率", "增值税率"])
def test_a_file_names_the_rate_in_several_ways(world: World, title: str) -> None:
    world.offline(HEADER.replace("Tax rate", title) + "2026-09-02 10:00,order,106,CNY,6%,A,v1\n")
    assert world.rows("SELECT tax_rate FROM offline_conversions") == [(Decimal("0.06"),)]


@pytest.mark.parametrize("rate", ["13", "-0.1", "100%", "1", "0.1234567"])
def test_a_rate_that_is_none_is_refused_by_name(world: World, rate: str) -> None:
    with pytest.raises(InvalidInput, match="tax rate is"):
        world.offline(HEADER + f"2026-09-02 10:00,order,113,CNY,{rate},A,v1\n")
    entry = {"id": "A", "stage": "order", "value": "113", "tax_rate": rate.rstrip("%")}
    entries = read_entries(json.dumps(entry).encode())
    with pytest.raises(InvalidInput, match="tax rate is"):
        world.run("conversions-take", TakeConversions(world.site.key, tuple(entries)))


def test_the_rule_is_kept_as_it_is_written(world: World) -> None:
    update_site(world.db, world.site.key, settings=SiteSettings(tax_rate=Decimal("0.0600")))
    found = find_site(world.db, world.site.key)
    assert found is not None
    assert str(found.settings.tax_rate) == "0.06"
