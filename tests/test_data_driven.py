"""The markov model of the keyword report: exact, pooled where paths are few, within filters."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from tests.report_tables import by_name, incomplete
from tests.world import HOME, World, ad, at
from tracker.attribution.data_driven import UNIT, data_driven
from tracker.attribution.grouping import Group, Level
from tracker.attribution.journeys import Cell, Journey
from tracker.requests.reports import ReportAttribution
from tracker.warehouse.client import Warehouse

SPEND = (
    "day,platform,campaign,ad group,keyword,clicks,impressions,cost\n"
    "2026-09-01,baidu,pumps,water,water pump,10,100,50\n"
    "2026-09-01,baidu,pumps,oil,oil pump,10,100,50\n"
    "2026-09-01,baidu,valves,ball,ball valve,10,100,50\n"
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.spend(SPEND, platform="baidu")
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    return world


def people(world: World, count: int, keywords: list[str], *, order: str = "") -> None:
    """So many people with these paid visits an hour apart; ``order`` is the value of theirs."""
    lines = []
    campaigns = {"ball valve": "valves"}
    for number in range(count):
        name = f"{'-'.join(keywords) or 'direct'}-{order or 'lost'}-{number}"
        for hour, keyword in enumerate(keywords):
            url = ad(keyword, campaign=campaigns.get(keyword, "pumps")) if keyword else HOME
            lines.append(at(f"09-01 {hour + 1:02}:00", name, url))
        if order:
            time = f"09-01 {len(keywords):02}:05"
            lines.append(at(time, name, HOME, name="order", value=order, currency="CNY"))
    world.events(lines)


def test_credit_follows_removal_effects_and_sums_to_all_conversions(world: World) -> None:
    people(world, 40, ["water pump"], order="100")
    people(world, 40, ["water pump", "oil pump"], order="100")
    people(world, 20, ["oil pump"])
    people(world, 20, ["ball valve"])
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-01", model="markov")
    rows = by_name(report)
    assert report.totals.conversions == "80"
    assert report.totals.revenue == "8000.00"
    credits = {name: Decimal(row["conversions"]) for name, row in rows.items()}
    assert sum(credits.values()) == 80
    # From oil two in three convert, from water five in six, and 80 of 120 begin with water:
    # without water five in six conversions are lost, without oil one in two.
    assert credits["water pump"] == 50
    assert credits["oil pump"] == 30
    assert credits["ball valve"] == 0
    assert [point.conversions for point in report.trend] == ["80"]
    assert rows["water pump"]["credit_level"] == "keyword"


def test_what_is_given_back_is_taken_off_the_keyword_that_had_brought_it(world: World) -> None:
    """Keywords with few paths share the effect of their platform, so that each has what it has
    under linear credit, on whichever day credit lands: a refund of its own day is water's alone."""
    people(world, 1, ["water pump"], order="100")
    people(world, 1, ["oil pump"], order="100")
    world.offline(
        "id,lead,time,stage,value,visitor\n"
        "o,L,2026-09-02T10:00:00Z,order,100,water pump-100-0\n"
        "r,L,2026-09-03T10:00:00Z,order,-80,\n"
    )
    # Another source of the same keyword: a landing page with the name of its ad group.
    given = "id,lead,time,stage,value,landing_url\n"
    url = ad("oil pump", utm_content="oil")
    world.offline(
        f"{given}p,M,2026-09-02T10:00:00Z,order,30,{url}\nq,M,2026-09-03T10:00:00Z,order,-40,{url}\n"
    )
    world.reconcile()
    for model in ("linear", "markov"):
        for by in ("click", "conversion"):
            rows = by_name(world.report("2026-09-01", "2026-09-03", model=model, by=by))
            worth = {name: row["revenue"] for name, row in rows.items() if row["keyword"]}
            assert worth == {"water pump": "120.00", "oil pump": "90.00", "ball valve": "0.00"}


def test_a_keyword_that_led_to_others_has_its_part_though_nobody_converted_after_it(
    world: World,
) -> None:
    """Of 60 people 20 begin with valve and go on to water, after which two in three convert.
    Without valve 4/9 convert, not 2/3: its effect is a third of that of water."""
    people(world, 40, ["water pump"], order="100")
    people(world, 20, ["ball valve", "water pump"])
    world.reconcile()
    report = world.report("2026-08-30", "2026-09-05", model="markov")
    rows = by_name(report)
    assert (rows["water pump"]["conversions"], rows["water pump"]["revenue"]) == ("30", "3000.00")
    assert (rows["ball valve"]["conversions"], rows["ball valve"]["revenue"]) == ("10", "1000.00")
    assert report.totals.conversions == "40"
    assert {point.day: point.conversions for point in report.trend if point.conversions != "0"} == {
        "2026-09-01": "30",
        "2026-09-05": "10",
    }
    alone = world.report("2026-08-30", "2026-09-05", model="markov", search="water")
    assert alone.totals.conversions == "30"


def test_keywords_with_few_paths_share_the_effect_of_a_larger_group_and_say_so(
    world: World,
) -> None:
    people(world, 31, ["water pump"], order="100")
    people(world, 3, ["oil pump"], order="100")
    people(world, 2, ["ball valve"], order="50")
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-01", model="markov")
    rows = by_name(report)
    levels = {name: row["credit_level"] for name, row in rows.items()}
    assert levels == {"water pump": "keyword", "oil pump": "platform", "ball valve": "platform"}
    assert sum(Decimal(row["conversions"]) for row in rows.values()) == 36
    assert rows["oil pump"]["conversions"] == "3"
    assert ("pooled_credit", "2/3", "2026-09-01", "2026-09-01") in incomplete(report)


def test_rows_without_a_keyword_share_no_effect_and_are_no_keywords_of_the_note(
    world: World,
) -> None:
    people(world, 31, ["water pump"], order="100")
    people(world, 3, ["oil pump", ""], order="100")
    people(world, 2, [""], order="100")
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-01", model="markov")
    levels = {row.keyword or f"({row.reason})": row.credit_level for row in report.rows}
    assert levels == {
        "water pump": "keyword",
        "oil pump": "platform",
        "ball valve": None,
        "(not_paid)": None,
    }
    assert ("pooled_credit", "1/2", "2026-09-01", "2026-09-01") in incomplete(report)


def test_sources_of_values_that_count_as_no_conversion_have_their_part_too() -> None:
    """The order of a lead whose inquiry was before the period, beside an inquiry of the period."""
    day = date(2026, 9, 1)
    cells = [Cell(1, day, 0, 300, 0), Cell(2, day, UNIT, 0, 0)]
    groups = {number: Group(Level.PLATFORM, name) for number, name in ((1, "a"), (2, "b"))}
    journeys = [Journey((1,), 0, 300, 0), Journey((2,), 1, 0, 0), Journey((1, 2), 0, 0, 1)]
    dealt = data_driven(cells, journeys, groups, 1, day, {})
    assert sum(cell.weight for cell in dealt) == UNIT
    assert sum(cell.amount for cell in dealt) == 300


def test_an_order_of_an_earlier_inquiry_is_revenue_of_what_brought_it(world: World) -> None:
    """Water brought an inquiry of August, ordered in September; oil an inquiry of September."""
    world.events(
        [
            at("08-20 10:00", "a", ad("water pump", campaign="pumps")),
            at("09-02 10:00", "b", ad("oil pump", campaign="pumps")),
        ]
    )
    world.offline(
        "id,lead,time,stage,value,visitor\n"
        "i1,a,2026-08-20T12:00:00Z,inquiry,,a\no1,a,2026-09-05T12:00:00Z,order,1000,a\n"
        "i2,b,2026-09-02T12:00:00Z,inquiry,,b\no2,b,2026-09-06T12:00:00Z,order,10,b\n"
    )
    world.reconcile()
    request = ReportAttribution(
        site=world.site.key, first="2026-09-01", last="2026-09-30", level="ad_group"
    )
    found = msgspec.to_builtins(world.run("report-models", request))
    earned = {row["source"]["ad_group"]: row["models"] for row in found["rows"]}
    for model in ("last", "markov"):
        assert earned["water"][model] == {"conversions": "0", "revenue": "1000.00"}
        assert earned["oil"][model] == {"conversions": "1", "revenue": "10.00"}


def test_what_no_conversion_of_the_period_says_how_to_deal_stays_with_what_brought_it(
    world: World,
) -> None:
    """A refund and a valid inquiry of an earlier lead, in a month in which nobody converted."""
    world.events([at("08-20 10:00", "a", ad("water pump"))])
    people(world, 3, ["oil pump"])
    people(world, 3, [""])
    world.offline(
        "id,lead,time,stage,value,visitor\n"
        "i1,a,2026-08-20T12:00:00Z,inquiry,,a\no1,a,2026-08-25T12:00:00Z,order,1000,a\n"
        "v1,a,2026-09-02T12:00:00Z,valid,,a\nr1,a,2026-09-05T12:00:00Z,order,-90,a\n"
    )
    world.reconcile()
    rows = by_name(world.report("2026-09-01", "2026-09-30", model="markov", by="conversion"))
    assert (rows["water pump"]["valid_inquiries"], rows["water pump"]["revenue"]) == ("1", "-90.00")
    request = ReportAttribution(
        site=world.site.key, first="2026-09-01", last="2026-09-30", level="ad_group"
    )
    found = msgspec.to_builtins(world.run("report-models", request))
    earned = {row["source"]["ad_group"]: row["models"]["markov"] for row in found["rows"]}
    assert earned["water"] == {"conversions": "0", "revenue": "-90.00"}
    assert earned["oil"] == {"conversions": "0", "revenue": "0.00"}


def test_filters_show_a_part_of_the_same_credit(world: World) -> None:
    people(world, 35, ["water pump", "oil pump"], order="100")
    world.reconcile()
    whole = by_name(world.report("2026-09-01", "2026-09-01", model="markov"))
    part = by_name(world.report("2026-09-01", "2026-09-01", model="markov", search="oil"))
    assert list(part) == ["oil pump"]
    assert part["oil pump"]["conversions"] == whole["oil pump"]["conversions"]
    linear = world.report("2026-09-01", "2026-09-01", model="linear", search="oil")
    markov = world.report("2026-09-01", "2026-09-01", model="markov", search="oil")
    assert markov.coverage == linear.coverage


@pytest.mark.parametrize("by", ["click", "conversion"])
def test_coverage_is_the_same_whatever_the_report_is_filtered_by(world: World, by: str) -> None:
    """By click date a day has another part of data-driven credit than of linear: of water alone
    and of oil after water on the next day, and of an order that belongs to nobody."""
    people(world, 40, ["water pump"], order="100")
    world.events(
        line
        for name in (f"both-{number}" for number in range(40))
        for line in (
            at("08-31 10:00", name, ad("water pump")),
            at("09-01 10:00", name, ad("oil pump")),
            at("09-01 10:05", name, name="order", value="300", currency="CNY"),
        )
    )
    people(world, 25, ["water pump"])
    world.offline("id,time,stage,value,visitor\no1,2026-09-01T10:00:00Z,order,9000,nobody\n")
    world.reconcile()
    whole, part = (
        world.report("2026-09-01", "2026-09-01", model="markov", by=by, search=search)
        for search in ("", "oil")
    )
    assert part.coverage.conversions == whole.coverage.conversions
    assert part.coverage.value == whole.coverage.value


def test_a_conversion_without_a_touch_and_a_previous_period_keep_their_own(world: World) -> None:
    people(world, 2, ["water pump"], order="100")
    world.offline("id,time,stage,value,visitor\no1,2026-09-01T10:00:00Z,order,70,nobody\n")
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-01", model="markov", compare="previous")
    rows = by_name(report)
    assert (rows["(no_touch)"]["conversions"], rows["(no_touch)"]["revenue"]) == ("1", "70.00")
    assert report.totals.conversions == "3"
    later = world.report("2026-09-02", "2026-09-02", model="markov", compare="previous")
    assert later.previous is not None
    assert later.previous.totals.conversions == "3"
    assert later.totals.conversions == "0"
