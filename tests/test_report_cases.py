"""Cases of the keyword report that people ask about, each small enough to work out in the head."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.report_tables import by_name, has, incomplete, names
from tests.world import HOME, World, ad, at
from tracker.period import Period
from tracker.reports.breakdown import breakdown
from tracker.reports.breakdown_request import read_breakdown
from tracker.reports.result import KeywordReport
from tracker.warehouse.client import Warehouse

HEADER = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"


@pytest.fixture
def world(embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site of its own in the engine of all; what others left is of other sites."""
    return World(embedded_engine, sqlite_db, tmp_path)


def spend(world: World, *rows: str, platform: str = "baidu", **options: Any) -> Any:
    """Import rows of ``day,campaign,ad group,keyword,impressions,clicks,cost``."""
    text = HEADER + "".join(f"2026-{row}\n" for row in rows)
    return world.spend(text, platform=platform, **options)


def september(world: World, **options: Any) -> KeywordReport:
    """The report of September after a reconcile."""
    world.reconcile()
    return world.report("2026-09-01", "2026-09-30", **options)


def test_spend_without_visits_is_a_loss_and_visits_without_spend_have_no_cost(
    world: World,
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    spend(world, "09-01,c,g,paid,10,2,8.00", "09-01,c,g,visited,10,2,5.00")
    world.events(
        [
            at("09-01 10:00", "a", ad("visited", campaign="c")),
            at("09-01 10:10", "a", name="order", value="20", currency="CNY"),
            at("09-01 11:00", "b", ad("never bought", campaign="c")),
        ]
    )
    report = september(world)
    rows = by_name(report)
    has(rows["paid"], cost="8.00", visits=0, conversions="0", cpa=None, roas=0.0, revenue_roi=-1.0)
    has(rows["visited"], cost="5.00", visits=1, cpa="5.00", revenue_roi=3.0)
    has(
        rows["(unknown_keyword)"],
        kind="unattributed",
        platform="baidu",
        cost=None,
        clicks=None,
        visits=1,
        roas=None,
        revenue_roi=None,
    )
    has(report.totals, cost="13.00", visits=2, revenue="20.00")
    has(report.coverage, conversions=1.0, paid_visits=0.5, cost=5 / 13)


def test_where_no_value_was_ever_recorded_there_is_no_return_rather_than_a_loss(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(embedded_engine, sqlite_db, tmp_path, margin=Decimal("0.5"))
    world.goal("inquiry", kind="event", pattern="inquiry")
    spend(world, "09-01,c,g,pump,10,2,8.00")
    world.events(
        [at("09-01 10:00", url=ad("pump", campaign="c")), at("09-01 10:01", name="inquiry")]
    )
    has(
        september(world).totals,
        cost="8.00",
        conversions="1",
        cpa="8.00",
        profit=None,
        roas=None,
        revenue_roi=None,
        roi=None,
    )


def test_cost_on_days_without_tracking_is_shown_and_left_out_of_returns(world: World) -> None:
    world.goal("order", kind="event", pattern="order", value=Decimal(30))
    spend(
        world,
        "09-01,c,g,pump,10,1,100.00",  # before the first event
        "09-02,c,g,pump,10,1,6.00",
        "09-03,c,g,pump,10,1,40.00",  # a day without any visit
        "09-04,c,g,pump,10,1,4.00",
    )
    world.events(
        [
            at("09-02 10:00", "a", ad("pump", campaign="c")),
            at("09-02 10:01", "a", name="order"),
            at("09-04 10:00", "b"),
        ]
    )
    report = september(world)
    # 100 + 40 are untracked; 10 = 6 + 4 stand against 30 of revenue.
    has(
        by_name(report)["pump"],
        cost="150.00",
        untracked_cost="140.00",
        cpc="37.50",  # 150 / 4: what was paid for a click
        cpa="10.00",
        roas=3.0,
        revenue_roi=2.0,
    )
    assert incomplete(report)[:1] == [("untracked_spend", "visits", "2026-09-01", "2026-09-30")]
    assert "140.00 CNY" in report.incomplete[0].detail


def test_what_a_conversion_costs_is_unknown_where_all_cost_is_untracked(world: World) -> None:
    world.goal("order", kind="event", pattern="order", value=Decimal(30))
    spend(
        world,
        "09-01,c,g,pump,10,1,100.00",  # before the first event
        "09-02,c,g,valve,10,1,6.00",
        "09-02,c,g,seal,10,1,0.00",  # clicks that were given away
    )
    world.events(
        line
        for visitor, keyword in enumerate(("pump", "valve", "seal"))
        for line in (
            at("09-02 10:00", f"{visitor}", ad(keyword, campaign="c")),
            at("09-02 10:01", f"{visitor}", name="order"),
        )
    )
    report = september(world, sort="cpa", ascending=True)
    found = [(row.keyword, row.cpa, row.roas) for row in report.rows]
    # Not the cheapest, but one of which nothing can be said.
    assert found == [("seal", "0.00", None), ("valve", "6.00", 5.0), ("pump", None, None)]


def test_days_younger_than_nine_in_ten_lags_are_too_early(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    now = datetime(2026, 9, 20, 12, tzinfo=UTC)
    world = World(embedded_engine, sqlite_db, tmp_path, now=now)
    world.goal("order", kind="event", pattern="order")
    lines = []
    for number in range(10):
        # Lags of 0, 1, … 9 days; the 90th percentile of ten is the last, 9 days.
        lines.append(at("09-01 10:00", f"v{number}", ad("pump", campaign="c")))
        lines.append(at(f"09-{number + 1:02} 10:00", f"v{number}", name="order"))
    world.events(lines)
    report = september(world)
    # 09-10 ended 9.5 days ago; 09-11 only 8.5 days ago, so it still grows.
    assert incomplete(report) == [("too_early", "conversions", "2026-09-11", "2026-09-20")]
    assert incomplete(world.report("2026-09-01", "2026-09-10")) == []
    assert incomplete(world.report("2026-09-01", "2026-09-30", by="conversion")) == []


def test_a_keyword_of_two_campaigns_needs_the_campaign_to_be_told_apart(world: World) -> None:
    spend(world, "09-01,North,g,pump,10,1,1.00", "09-01,South,g,pump,10,1,2.00")
    tagless = f"{HOME}?utm_source=baidu&utm_medium=cpc&utm_term=pump"
    world.events(
        [
            at("09-01 10:00", "a", ad("PUMP", campaign="south")),  # names are compared without case
            at("09-01 11:00", "b", tagless),
            at("09-01 12:00", "c", ad("pump", campaign="West")),
        ]
    )
    rows = {(row.keyword, row.campaign, row.reason): row.visits for row in september(world).rows}
    assert rows == {
        ("pump", "North", None): 0,
        ("pump", "South", None): 1,
        (None, None, "ambiguous"): 1,
        (None, None, "unknown_keyword"): 1,
    }


def test_each_reason_for_which_a_visit_has_no_keyword(world: World) -> None:
    spend(world, "09-01,c,g,pump,10,1,1.00")
    base = f"{HOME}?utm_source=baidu&utm_medium=cpc&utm_campaign=c"
    world.goal("order", kind="event", pattern="order")
    world.events(
        [
            at("09-01 10:00", "a", base + "&utm_term={keyword}"),
            at("09-01 10:00", "b", base),
            at("09-01 10:00", "c", base + "&utm_term=pmup"),
            at("09-01 10:00", "d", referrer="https://www.google.com/"),
            at("09-01 10:00", "e"),
        ]
    )
    world.offline("id,time,stage,value,visitor\no1,2026-09-02T10:00:00Z,order,100,nobody\n")
    report = september(world)
    found = {(row.platform, row.reason): (row.visits, row.conversions) for row in report.rows}
    assert found == {
        ("baidu", None): (0, "0"),
        ("baidu", "unexpanded_macro"): (1, "0"),
        ("baidu", "no_tag"): (1, "0"),
        ("baidu", "unknown_keyword"): (1, "0"),
        ("google", "not_paid"): (1, "0"),
        (None, "not_paid"): (1, "0"),
        (None, "no_touch"): (0, "1"),
    }
    has(report.totals, visits=5, conversions="1", revenue="100.00")
    has(report.coverage, conversions=0.0, value=0.0, paid_visits=0.0, cost=0.0)


def test_a_keyword_that_becomes_known_later_takes_the_visits_that_were_there(
    world: World,
) -> None:
    world.events([at("09-01 10:00", url=ad("pump", campaign="c"))])
    assert names(september(world)) == ["(unknown_keyword)"]
    # Spend of any day makes a keyword known.
    spend(world, "10-20,c,g,pump,10,1,1.00")
    report = september(world)
    assert names(report) == ["pump"]
    has(report.rows[0], visits=1, cost=None)


def test_a_period_row_counts_in_periods_that_hold_all_of_it(world: World) -> None:
    text = (
        "Search keyword report\nSeptember 1, 2026 - September 10, 2026\n"
        "Keyword,Campaign,Ad group,Currency code,Clicks,Impr.,Cost\n"
        "pump,c,g,CNY,4,50,80.00\n"
    )
    world.spend(text, platform="google", account="1", period_total=True)
    world.events([at("09-01 10:00", url=ad("pump", source="google", campaign="c"))])
    has(september(world).totals, cost="80.00", clicks=4, impressions=50)
    has(world.report("2026-09-01", "2026-09-10").totals, cost="80.00")
    has(world.report("2026-09-01", "2026-09-09").totals, cost=None, clicks=None, visits=1)
    has(world.report("2026-09-02", "2026-09-30").totals, cost=None)


def test_a_restated_file_replaces_its_days_and_a_keyword_that_vanished_is_gone(
    world: World,
) -> None:
    spend(
        world,
        "09-01,c,g,pump,10,1,5.00",
        "09-01,c,g,valve,10,1,1.00",
        "09-02,c,g,pump,10,1,7.00",
    )
    spend(world, "09-01,c,g,pump,12,2,5.50")
    report = september(world)
    assert names(report) == ["pump"]
    has(report.totals, cost="12.50", impressions=22, clicks=3)  # 5.50 + 7.00


def test_filters_narrow_rows_totals_and_trend_alike(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(embedded_engine, sqlite_db, tmp_path, brand_terms=["Hydra"])
    spend(world, "09-01,Brand,g,hydra pump,10,1,1.00", "09-01,Pumps,g,ＯＩＬ  pump,10,1,2.00")
    spend(world, "09-01,Pumps,Hydraulics,valve,10,1,4.00", platform="google", account="1")
    world.events(
        [
            at("09-01 10:00", "a", ad("hydra pump", campaign="Brand")),
            at("09-01 10:00", "b", ad("valve", source="google", campaign="Pumps")),
            at("09-01 10:00", "c"),
        ]
    )
    world.reconcile()

    def found(**options: Any) -> tuple[set[str], str | None, int]:
        report = world.report("2026-09-01", "2026-09-01", **options)
        assert report.trend[0].cost == report.totals.cost
        assert report.trend[0].visits == report.totals.visits
        return set(names(report)), report.totals.cost, report.totals.visits

    oil = "ＯＩＬ  pump"
    assert found() == ({"hydra pump", oil, "valve", "(not_paid)"}, "7.00", 3)
    assert found(platform="google") == ({"valve"}, "4.00", 1)
    assert found(brand="brand") == ({"hydra pump"}, "1.00", 1)
    assert found(brand="non_brand") == ({oil, "valve"}, "6.00", 1)
    assert found(search="oil PUMP") == ({oil}, "2.00", 0)
    assert found(search="pumps") == ({oil, "valve"}, "6.00", 1)  # a campaign's name
    assert found(search="hydraulics") == ({"valve"}, "4.00", 1)  # an ad group's
    assert found(search="nothing like it") == (set(), None, 0)


def test_rows_are_sorted_with_the_undefined_last_either_way(world: World) -> None:
    world.goal("order", kind="event", pattern="order", value=Decimal(12))
    spend(world, "09-01,c,g,a,10,1,3.00", "09-01,c,g,b,10,1,1.00", "09-01,c,g,c,10,1,2.00")
    world.events(
        [
            at("09-01 10:00", "x", ad("a", campaign="c")),
            at("09-01 10:01", "x", name="order"),
            at("09-01 10:00", "y", ad("b", campaign="c")),
            at("09-01 10:01", "y", name="order"),
            at("09-01 10:00", "z"),
        ]
    )
    world.reconcile()

    def order(**options: Any) -> list[str]:
        return names(world.report("2026-09-01", "2026-09-01", **options))

    assert order() == ["a", "c", "b", "(not_paid)"]  # by cost, the largest first
    assert order(ascending=True) == ["b", "c", "a", "(not_paid)"]
    # CPA: a 3.00, b 1.00; the others are undefined, and stand in the order of their keys.
    assert order(sort="cpa")[:2] == ["a", "b"]
    assert order(sort="cpa", ascending=True)[:2] == ["b", "a"]
    assert order(sort="keyword", ascending=True)[:3] == ["a", "b", "c"]
    assert order(sort="visits", limit=2)[:1] != ["c"]


def test_pages_of_the_list_have_the_totals_of_all_rows(world: World) -> None:
    spend(world, *(f"09-01,c,g,k{number},10,1,{number}.00" for number in range(1, 8)))
    world.reconcile()
    whole = world.report("2026-09-01", "2026-09-01")
    assert [row.cost for row in whole.rows] == [f"{number}.00" for number in range(7, 0, -1)]
    pages = [world.report("2026-09-01", "2026-09-01", limit=3, offset=n) for n in (0, 3, 6, 9)]
    assert [len(page.rows) for page in pages] == [3, 3, 1, 0]
    assert [row for page in pages for row in page.rows] == whole.rows
    for page in pages:
        assert (page.row_count, page.totals) == (7, whole.totals)
        has(page.totals, cost="28.00", clicks=7)


def test_a_refund_takes_revenue_from_the_keyword_and_stays_with_the_lead_s_path(
    world: World,
) -> None:
    spend(world, "09-01,c,g,pump,10,1,5.00", "09-05,c,g,valve,10,1,5.00")
    world.events(
        [
            at("09-01 10:00", "a", ad("pump", campaign="c")),
            at("09-05 10:00", "a", ad("valve", campaign="c")),
        ]
    )
    world.offline(
        "id,time,stage,value,currency,lead,visitor\n"
        "1,2026-09-02T10:00:00Z,inquiry,,,L1,a\n"
        "2,2026-09-10T10:00:00Z,order,300,CNY,L1,a\n"
        "3,2026-09-20T10:00:00Z,refund,-100,CNY,L1,a\n"
    )
    report = september(world)
    rows = by_name(report)
    # The path ended with the inquiry of 09-02, before the click on valve.
    has(rows["pump"], conversions="1", revenue="200.00", visits=1)
    has(rows["valve"], conversions="0", revenue="0.00", visits=1)
    orders = by_name(world.report("2026-09-01", "2026-09-30", goal="stage:order"))
    has(orders["pump"], conversions="1", revenue="300.00", cpa="5.00")


def test_cost_that_belongs_to_no_keyword_is_a_row_of_its_own(world: World) -> None:
    header = "日期,账户,推广计划,推广单元,匹配模式,关键词ID,关键词,展现,点击,消费\n"
    world.spend(
        header
        + "2026-09-01,a,水泵,泵,精确匹配,301,水泵厂,10,1,3.00\n"
        + "2026-09-01,a,水泵,泵,-,-,自动扩量,10,1,2.00\n"
    )
    report = september(world)
    (row,) = [row for row in report.rows if row.kind == "unallocated"]
    has(row, keyword=None, keyword_id=None, cost="2.00", clicks=1)
    assert row.reason
    has(report.totals, cost="5.00", clicks=2)


def test_an_event_sent_three_times_counts_once(world: World) -> None:
    world.goal("order", kind="event", pattern="order", value=Decimal(5))
    twice = at("09-01 10:00", url=ad("pump", campaign="c"), id="same-id-of-a-view")
    order = at("09-01 10:01", name="order", id="same-id-of-an-order")
    for _ in range(3):
        world.events([twice, order])
    world.reconcile()
    has(september(world).totals, visits=1, conversions="1", revenue="5.00")


def test_what_waits_for_a_reconcile_is_said(world: World) -> None:
    world.reconcile()
    world.events([at("09-01 10:00"), at("09-03 10:00")])
    report = world.report("2026-09-01", "2026-09-30")
    ((kind, source, first, last),) = incomplete(report)
    # The days beside them may change too: a visit goes on across midnight.
    assert (kind, source) == ("pending", "reconcile")
    assert first <= "2026-09-01" < "2026-09-03" <= last
    assert incomplete(september(world)) == []


def test_a_period_row_is_tracked_when_visits_came_by_its_end(world: World) -> None:
    world.events([at("09-05 10:00", url=ad("water pump"))])
    world.spend(
        'Search keyword report\n"Sep 1, 2026 - Sep 10, 2026"\n'
        "Keyword,Match type,Campaign,Ad group,Currency code,Clicks,Impr.,Cost\n"
        "water pump,Phrase match,pumps,g,CNY,10,100,50.00\n",
        platform="google",
        period_total=True,
    )
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-10")
    assert (report.totals.cost, report.totals.untracked_cost) == ("50.00", "0.00")


def test_a_period_row_is_judged_by_its_own_period_whatever_it_is_compared_with(
    world: World,
) -> None:
    world.events([at("08-25 10:00", url=ad("water pump"))])
    for month, cost in (("Aug", "30.00"), ("Sep", "50.00")):
        world.spend(
            f'Search keyword report\n"{month} 1, 2026 - {month} 10, 2026"\n'
            "Keyword,Match type,Campaign,Ad group,Currency code,Clicks,Impr.,Cost\n"
            f"water pump,Phrase match,pumps,g,CNY,10,100,{cost}\n",
            platform="google",
            period_total=True,
        )
    world.reconcile()
    alone = world.report("2026-09-01", "2026-09-30")
    beside = world.report("2026-09-01", "2026-09-30", compare="previous")
    assert alone.totals.untracked_cost == "50.00"
    assert beside.totals == alone.totals
    assert beside.previous is not None
    # From 2 August on: the row of 1 August begins before that.
    assert beside.previous.totals.cost is None
    whole = world.report("2026-08-01", "2026-08-31")
    assert (whole.totals.cost, whole.totals.untracked_cost) == ("30.00", "30.00")
    autumn = world.report("2026-09-01", "2026-10-01", compare="previous")
    assert autumn.previous is not None
    assert autumn.previous.totals == whole.totals


def test_a_period_row_without_a_visit_on_its_days_is_untracked_in_every_period(
    world: World,
) -> None:
    world.events([at("09-01 10:00")])
    world.spend(
        'Search keyword report\n"Sep 10, 2026 - Sep 20, 2026"\n'
        "Keyword,Match type,Campaign,Ad group,Currency code,Clicks,Impr.,Cost\n"
        "pump,Phrase match,pumps,g,CNY,10,100,50.00\n",
        platform="google",
        period_total=True,
    )
    world.reconcile()
    untracked = [
        world.report(first, "2026-09-30").totals.untracked_cost
        for first in ("2026-09-01", "2026-09-05")
    ]
    assert untracked == ["50.00", "50.00"]


def test_what_cost_nothing_needs_no_rate(world: World) -> None:
    world.spend(
        "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
        "2026-09-01,c,g,pump,9,0,0\n2026-09-02,c,g,pump,9,3,7\n",
        platform="google",
        currency="USD",
    )
    world.rates("day,base,quote,rate\n2026-09-02,USD,CNY,7\n")
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-30")
    assert (report.totals.cost, report.totals.impressions) == ("49.00", 18)
    assert "missing_rate" not in [one.kind for one in report.incomplete]


def test_a_platforms_own_value_of_nothing_needs_no_rate(world: World) -> None:
    world.spend(
        "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost,Conversions,Conv. value\n"
        "2026-09-01,c,g,pump,9,0,0,0,0\n2026-09-02,c,g,pump,9,3,7,1,50\n",
        platform="google",
        currency="USD",
    )
    world.rates("day,base,quote,rate\n2026-09-02,USD,CNY,7\n")
    world.reconcile()
    period = Period.parse("2026-09-01", "2026-09-02")
    request = read_breakdown({"group": "", "metrics": "cost,platform_value"}, world.site, period)
    report = breakdown(world.warehouse, world.db, request, clock=world.clock)
    assert report.totals == {"cost": "49.00", "platform_value": "350.00"}


def test_what_brought_nothing_needs_no_rate_but_what_it_cost_does(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    free = {"name": "order", "value": "0", "currency": "USD"}
    world.events(
        [
            at("09-01 10:00", "a", **free),
            at("09-01 10:00", "b", name="order", value="50", currency="CNY"),
            at("09-02 10:00", "c", **free, props={"order_cost": "3"}),
        ]
    )
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-01")
    has(report.totals, conversions="2", revenue="50.00")
    assert "missing_rate" not in [one.kind for one in report.incomplete]
    report = world.report("2026-09-01", "2026-09-02")
    has(report.totals, conversions="3", revenue=None)
    lacking = [one for one in report.incomplete if one.kind == "missing_rate"]
    assert [(one.source, one.first) for one in lacking] == [("USD/CNY", "2026-09-02")]
