"""Every kind of gap that a report can name is produced here, and has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert

from tests.world import World, ad, at
from tracker.accounts import schema
from tracker.period import Period
from tracker.reports.breakdown import Breakdown, breakdown
from tracker.reports.breakdown_request import read_breakdown
from tracker.reports.result import Incomplete, KeywordReport
from tracker.requests.reports import ReportAttribution
from tracker.warehouse.client import Warehouse
from tracker.web.formats import Formats
from tracker.web.i18n import language
from tracker.web.notes import GAPS, incomplete_note

CHINESE = re.compile(r"[\u4e00-\u9fff]")
DAYS = "day,campaign,ad_group,keyword,clicks,impressions,cost\n"
UNDATED = (
    'Search keyword report\n"Sep 1, 2026 - Sep 10, 2026"\n'
    "Keyword,Match type,Campaign,Ad group,Currency code,Clicks,Impr.,Cost\n"
    "water pump,Phrase match,pumps,g,CNY,10,100,50.00\n"
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def ask(world: World, first: str, last: str, **given: str) -> Breakdown:
    request = read_breakdown(given, world.site, Period.parse(first, last))
    return breakdown(world.warehouse, world.db, request, clock=world.clock)


def gaps(report: KeywordReport | Breakdown, kind: str) -> list[tuple[str, str, str]]:
    """Source and days of each gap of a kind."""
    return [(one.source, one.first, one.last) for one in report.incomplete if one.kind == kind]


def connect(world: World, account: str, *, error: str = "") -> None:
    """A stored connection that is to keep an account of Baidu current."""
    with world.db.begin() as connection:
        connection.execute(
            insert(schema.connections).values(
                id=account, tenant=world.tenant, kind="baidu", name=account, state="active",
                settings="{}", secret="", timetable="", error="", cause="", created_at=world.now,
            )
        )  # fmt: skip
        connection.execute(
            insert(schema.connection_accounts).values(
                connection=account, account=account, name="", login="", manager="", currency="",
                timezone="", is_manager=False, enabled=True, error=error, cause="",
            )
        )  # fmt: skip


def test_every_gap_is_produced_and_has_words(world: World) -> None:
    world.goal("order", kind="event", pattern="order")
    world.events(
        [
            # Two keywords, of which one has enough converting paths for an effect of its own.
            *(
                at(f"09-20 10:{n:02}", f"p{n}", ad("water pump" if n < 31 else "oil pump"))
                for n in range(32)
            ),
            *(at(f"10-29 10:{n:02}", f"p{n}", name="order") for n in range(32)),
        ]
    )
    world.spend(DAYS + "2026-09-20,pumps,g,water pump,9,99,10\n", platform="baidu", account="well")
    world.spend(DAYS + "2026-09-20,pumps,g,oil pump,9,99,10\n", platform="baidu", account="ill")
    dollars = DAYS.replace("cost", "cost,currency") + "2026-09-21,pumps,g,pump,9,99,10,USD\n"
    world.spend(dollars, platform="bing", account="far")
    world.spend(UNDATED, platform="google", period_total=True)
    world.offline(
        "id,lead,time,stage,value,visitor\n"
        "i,L,2026-10-20T10:00:00Z,inquiry,,p1\no,L,2026-10-21T10:00:00Z,order,9,p1\n"
    )
    connect(world, "well")
    connect(world, "ill", error="The log-in was revoked.")
    world.reconcile()
    world.events([at("09-22 10:00", "late")])
    whole = world.report("2026-09-01", "2026-10-31", model="markov")
    part = world.report("2026-09-05", "2026-10-31")
    visits = ask(world, "2026-09-11", "2026-09-30", group="country", metrics="cost,visits")
    phones = ask(world, "2026-09-11", "2026-09-30", filter='country is "DE" or device is mobile')
    of_leads = {"group": "stage", "metrics": "conversions"}
    stages = ask(world, "2026-09-11", "2026-09-30", **of_leads)
    some = ask(world, "2026-09-11", "2026-09-30", **of_leads, filter="stage is inquiry, order")
    words = ask(world, "2026-09-11", "2026-09-30", group="search_term", metrics="cost,visits")
    reports = (whole, part, visits, phones, stages, some, words)
    found = [item for report in reports for item in report.incomplete]
    assert {item.kind for item in found} == set(GAPS)
    for item in found:
        assert CHINESE.search(said(item, "zh-Hans")), item
        assert not CHINESE.search(said(item, "en")), item


def said(item: Incomplete, tag: str) -> str:
    speech = language(tag)
    return incomplete_note(item, speech, Formats(speech.locale, ZoneInfo("UTC"))).text


def test_a_file_without_days_is_named_where_it_is_cut_and_where_it_is_whole(world: World) -> None:
    world.events([at("09-05 10:00", url=ad("water pump", source="google"))])
    world.spend(UNDATED, platform="google", period_total=True)
    world.reconcile()
    named = [("google", "2026-09-01", "2026-09-10")]
    cut = world.report("2026-09-05", "2026-09-30")
    assert cut.totals.cost is None
    assert (gaps(cut, "partial_period"), gaps(cut, "period_total")) == (named, [])
    whole = world.report("2026-09-01", "2026-09-30")
    assert whole.totals.cost == "50.00"
    assert (gaps(whole, "partial_period"), gaps(whole, "period_total")) == ([], named)
    assert [(point.day, point.cost) for point in whole.trend if point.cost] == [
        ("2026-09-01", "50.00")
    ]
    # Half of it is in each of two periods that are compared, and all of it in neither.
    both = world.report("2026-09-06", "2026-09-10", compare="previous")
    assert gaps(both, "partial_period") == named
    assert gaps(world.report("2026-09-06", "2026-09-10", platform="baidu"), "partial_period") == []
    assert gaps(world.report("2026-09-11", "2026-09-20"), "partial_period") == []
    for first, last, compare, kind in (
        ("2026-09-05", "2026-09-30", "none", "partial_period"),
        ("2026-09-11", "2026-09-30", "none", ""),
        ("2026-09-11", "2026-09-20", "previous", "period_total"),
        ("2026-09-01", "2026-09-10", "none", "period_total"),
    ):
        report = ask(world, first, last, metrics="cost", compare=compare)
        kinds = {one.kind for one in report.incomplete} & {"partial_period", "period_total"}
        assert kinds == ({kind} if kind else set())
    # The file is replaced by days: what was said of it is forgotten.
    days = DAYS + "".join(f"2026-09-{day:02},pumps,g,water pump,1,9,5\n" for day in range(1, 11))
    world.spend(days, platform="google", replace=True)
    world.reconcile()
    assert gaps(world.report("2026-09-05", "2026-09-30"), "partial_period") == []


def test_a_rate_that_only_the_comparison_lacks_is_named(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("08-30 10:00", url=ad("pump")),
            at("08-30 10:05", name="order", value="50", currency="EUR"),
            at("09-05 10:00", url=ad("pump")),
        ]
    )
    dollars = DAYS.replace("cost", "cost,currency")
    for day, currency in (("2026-08-31", "USD"), ("2026-09-02", "CNY")):
        row = f"{day},pumps,g,pump,1,9,10,{currency}\n"
        world.spend(dollars + row, platform="google", account=currency)
    # Between the period and that of a year before, and in neither.
    world.spend(dollars + "2026-01-05,pumps,g,pump,1,9,10,GBP\n", platform="google", account="p")
    world.reconcile()
    days = ("2026-09-01", "2026-09-05")
    lacking = [("EUR/CNY", *["2026-08-30"] * 2), ("USD/CNY", *["2026-08-31"] * 2)]
    keywords = world.report(*days, compare="previous")
    assert (keywords.totals.cost, keywords.totals.revenue) == ("10.00", "0.00")
    assert keywords.previous
    assert (keywords.previous.totals.cost, keywords.previous.totals.revenue) == (None, None)
    assert gaps(keywords, "missing_rate") == lacking
    assert gaps(ask(world, *days, metrics="cost,revenue", compare="previous"), "missing_rate") == (
        lacking
    )
    assert gaps(world.report(*days), "missing_rate") == []
    assert gaps(ask(world, *days, metrics="cost,revenue", compare="year"), "missing_rate") == []
    year = ask(world, "2027-08-28", "2027-09-05", metrics="cost,revenue", compare="year")
    assert gaps(year, "missing_rate") == lacking


def test_a_rate_that_an_order_lacks_years_after_its_click_is_named_by_click_date(
    world: World,
) -> None:
    world.events(
        [
            at("09-01 10:00", "a", ad("pump")) | {"time": "2025-09-01T10:00:00Z"},
            # Of a click after the period.
            at("10-05 10:00", "b", ad("pump")) | {"time": "2025-10-05T10:00:00Z"},
        ]
    )
    world.offline(
        "id,lead,time,stage,value,currency,visitor\n"
        "i1,a,2025-09-02T10:00:00Z,inquiry,,,a\no1,a,2026-10-20T10:00:00Z,order,9,USD,a\n"
        "i2,b,2025-10-06T10:00:00Z,inquiry,,,b\no2,b,2025-10-07T10:00:00Z,order,9,EUR,b\n"
    )
    world.reconcile()
    days = ("2025-09-01", "2025-09-30")
    lacking = [("USD/CNY", *["2026-10-20"] * 2)]
    for found in (world.report(*days), ask(world, *days, metrics="revenue")):
        assert gaps(found, "missing_rate") == lacking
    assert world.report(*days).totals.revenue is None
    request = ReportAttribution(site=world.site.key, first=days[0], last=days[1], by="click")
    for name in ("report-models", "report-paths"):
        assert gaps(world.run(name, request), "missing_rate") == lacking


@pytest.mark.parametrize("first", ["2026-06-10", "2026-08-01", "2026-08-20", "2026-09-15"])
def test_days_are_missing_however_long_ago_the_last_one_came(world: World, first: str) -> None:
    world.spend(DAYS + "2026-06-10,pumps,g,pump,9,99,10\n", platform="baidu", account="well")
    connect(world, "well")
    world.reconcile()
    begin = max(first, "2026-06-11")
    lacking = [("baidu", begin, "2026-10-20")]
    assert gaps(world.report(first, "2026-10-20"), "days_missing") == lacking
    # Nothing is missing before the account told its first day.
    assert gaps(world.report("2026-05-01", "2026-06-10"), "days_missing") == []


def test_days_that_only_the_comparison_lacks_are_named(world: World) -> None:
    told = "".join(
        f"{day},pumps,g,pump,9,99,10\n"
        for day in ("2026-08-31", *(f"2026-09-{n}" for n in range(11, 19)))
    )
    world.spend(DAYS + told, platform="baidu", account="well")
    connect(world, "well")
    world.reconcile()
    days = ("2026-09-11", "2026-09-18")
    keywords = world.report(*days, compare="previous")
    assert keywords.previous
    assert keywords.previous.totals.cost is None
    lacking = [("baidu", "2026-09-03", "2026-09-10")]
    assert gaps(keywords, "days_missing") == lacking
    assert gaps(ask(world, *days, metrics="cost", compare="previous"), "days_missing") == lacking
    assert gaps(world.report(*days), "days_missing") == []
    assert gaps(ask(world, *days, metrics="cost", compare="year"), "days_missing") == []
    # What lacks on both sides of the border is one gap.
    both = world.report("2026-09-08", "2026-09-11", compare="previous")
    assert gaps(both, "days_missing") == [("baidu", "2026-09-04", "2026-09-10")]
