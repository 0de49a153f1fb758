"""The keyword report of a small company, every number worked out by hand.

Nothing here is read back from the program: each expected number stands with its derivation, so
that refreshing a snapshot elsewhere cannot hide wrong arithmetic.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.conftest import emptied
from tests.report_tables import by_name, has, incomplete
from tests.world import HOME, World, ad, at
from tracker.accounts.database import open_database
from tracker.reports.result import KeywordReport
from tracker.warehouse.client import Warehouse

#: What Baidu charged, in CNY. 08-31 lies in the period before.
BAIDU = """Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost
2026-08-31,Pumps,Steel,steel pump,40,2,8.00
2026-09-01,Pumps,Steel,steel pump,100,4,20.00
2026-09-01,Pumps,Mud,mud pump,50,2,15.50
2026-09-02,Pumps,Steel,steel pump,80,1,5.25
"""
#: What Google charged, in USD.
GOOGLE = """Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost
2026-09-01,Export,Slurry,slurry pump,200,3,6.00
2026-09-02,Export,Slurry,slurry pump,100,2,4.00
"""
RATES = "day,base,quote,rate\n2026-09-01,USD,CNY,7.10\n"
RATES_OF_BOTH_DAYS = RATES + "2026-09-02,USD,CNY,7.20\n"


def click(keyword: str, number: int, source: str = "baidu") -> str:
    """A landing page with tags and the platform's click id."""
    campaign, name = ("Pumps", "bd_vid") if source == "baidu" else ("Export", "gclid")
    return ad(keyword, source=source, campaign=campaign, **{name: f"click-{number}-abcdefgh"})


def events() -> list[dict[str, Any]]:
    """Six visits and three conversions on two days of Shanghai (UTC+8), one visit before.

    09-01 ends at 16:00 UTC: Dora's second visit, at 16:30 UTC, belongs to 09-02.
    """
    return [
        at("08-31 02:00", "eve", click("steel pump", 1)),
        # 1. Anna: steel pump, buys for 300 CNY.
        at("09-01 02:00", "anna", click("steel pump", 2)),
        at("09-01 02:05", "anna", name="order", value="300", currency="CNY"),
        # 2. Bert: steel pump, leaves.
        at("09-01 03:00", "bert", click("steel pump", 3)),
        # 3. Carl: mud pump, comes back directly the next day (5.) and asks.
        at("09-01 04:00", "carl", click("mud pump", 4)),
        at("09-02 04:00", "carl"),
        at("09-02 04:02", "carl", HOME + "inquiry/thanks?id=7"),
        # 4. Dora: slurry pump; after local midnight another click (6.), then an order in dollars.
        at("09-01 05:00", "dora", click("slurry pump", 5, "google")),
        at("09-01 16:30", "dora", click("slurry pump", 6, "google")),
        at("09-01 16:40", "dora", name="order", value="50", currency="USD"),
    ]


def company(
    warehouse: Warehouse, db: Engine, folder: Path, rates: str = RATES_OF_BOTH_DAYS, **site: Any
) -> World:
    """The company: everything imported, in an order in which everything comes late."""
    folder.mkdir(exist_ok=True)
    world = World(warehouse, db, folder, timezone="Asia/Shanghai", **site)
    world.rates(rates)
    world.spend(BAIDU, platform="baidu", currency="CNY")
    world.events(events())
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.goal("inquiry", kind="path", pattern="/inquiry/*", value=Decimal(20))
    world.spend(GOOGLE, platform="google", currency="USD")
    world.reconcile()
    return world


@pytest.fixture(scope="module")
def world(embedded_engine: Warehouse, module_db: Engine, module_path: Path) -> World:
    """The company with both rates; read only. The other tests have sites of their own beside it."""
    return company(emptied(embedded_engine), module_db, module_path / "company")


@pytest.fixture(scope="module")
def module_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("companies")


@pytest.fixture(scope="module")
def module_db(sqlite_template: Path, module_path: Path) -> Iterator[Engine]:
    path = module_path / "metadata.db"
    shutil.copyfile(sqlite_template, path)
    db = open_database(f"sqlite:///{path}")
    yield db
    db.dispose()


def two_days(world: World, **options: Any) -> KeywordReport:
    """The report of the two days."""
    return world.report("2026-09-01", "2026-09-02", **options)


def test_every_number_of_three_keywords_six_visits_three_conversions_two_days(
    world: World,
) -> None:
    report = two_days(world, compare="previous")
    rows = by_name(report)
    assert set(rows) == {"steel pump", "mud pump", "slurry pump", "(not_paid)"}
    has(
        rows["steel pump"],
        kind="keyword",
        reason=None,
        platform="baidu",
        campaign="Pumps",
        ad_group="Steel",
        keyword_id=None,
        match_type=None,
        impressions=180,  # 100 + 80
        clicks=5,  # 4 + 1
        cost="25.25",  # 20.00 + 5.25
        untracked_cost="0.00",
        visits=2,  # Anna, Bert
        arrived_clicks=2,  # two click ids
        arrival_rate=2 / 5,
        ctr=5 / 180,
        cpc="5.05",  # 25.25 / 5
        conversions="1",  # Anna's
        cvr=1 / 5,
        cpa="25.25",  # 25.25 / 1
        revenue="300.00",
        profit=None,  # no margin
        roas=300 / 25.25,
        revenue_roi=(300 - 25.25) / 25.25,
        roi=None,
    )
    has(
        rows["mud pump"],
        kind="keyword",
        reason=None,
        platform="baidu",
        campaign="Pumps",
        ad_group="Mud",
        impressions=50,
        clicks=2,
        cost="15.50",
        visits=1,  # Carl's first; the second is direct
        arrived_clicks=1,
        arrival_rate=1 / 2,
        ctr=2 / 50,
        cpc="7.75",
        conversions="1",  # Carl's inquiry: his last touch that is not direct
        cvr=1 / 2,
        cpa="15.50",
        revenue="20.00",  # the goal's fixed value
        roas=20 / 15.5,
        revenue_roi=(20 - 15.5) / 15.5,
        roi=None,
    )
    has(
        rows["slurry pump"],
        kind="keyword",
        reason=None,
        platform="google",
        campaign="Export",
        ad_group="Slurry",
        impressions=300,
        clicks=5,
        cost="71.40",  # 6.00 × 7.10 + 4.00 × 7.20 = 42.60 + 28.80
        visits=2,  # Dora twice
        arrived_clicks=2,
        arrival_rate=2 / 5,
        ctr=5 / 300,
        cpc="14.28",  # 71.40 / 5
        conversions="1",
        cvr=1 / 5,
        cpa="71.40",
        revenue="360.00",  # 50 × 7.20: the conversion's own day is 09-02 in Shanghai
        roas=360 / 71.4,
        revenue_roi=(360 - 71.4) / 71.4,
        roi=None,
    )
    has(
        rows["(not_paid)"],
        kind="unattributed",
        platform=None,
        account=None,
        campaign=None,
        ad_group=None,
        keyword=None,
        keyword_id=None,
        match_type=None,
        impressions=None,
        clicks=None,
        cost=None,
        visits=1,  # Carl's direct visit
        arrived_clicks=0,
        arrival_rate=None,
        ctr=None,
        cpc=None,
        conversions="0",
        cvr=None,
        cpa=None,
        revenue="0.00",
        roas=None,
        revenue_roi=None,
        roi=None,
    )
    has(
        report.totals,
        impressions=530,  # 180 + 50 + 300
        clicks=12,  # 5 + 2 + 5
        cost="112.15",  # 25.25 + 15.50 + 71.40
        untracked_cost="0.00",
        visits=6,
        arrived_clicks=5,
        arrival_rate=5 / 12,
        ctr=12 / 530,
        cpc="9.345833",  # 112.15 / 12 = 9.3458333…
        conversions="3",
        cvr=3 / 12,
        cpa="37.383333",  # 112.15 / 3 = 37.38333…
        revenue="680.00",  # 300 + 20 + 360
        profit=None,
        roas=680 / 112.15,
        revenue_roi=(680 - 112.15) / 112.15,
        roi=None,
    )
    has(report, currency="CNY", margin=None, break_even_roas=None, row_count=4, incomplete=[])
    # Each of the 3 conversions and all of the 680 CNY have a touch; all 5 paid visits have a
    # keyword, and every keyword that cost something was visited.
    has(report.coverage, conversions=1.0, value=1.0, paid_visits=1.0, cost=1.0)


def test_the_period_before_stands_beside_each_row_and_the_totals(world: World) -> None:
    report = two_days(world, compare="previous")
    assert report.previous is not None
    # Two days before: 08-30 and 08-31. Eve clicked on steel pump, for 8.00 CNY, and left.
    has(msgspec.to_builtins(report.previous), **{"from": "2026-08-30", "to": "2026-08-31"})
    steel = {
        "impressions": 40,
        "clicks": 2,
        "cost": "8.00",
        "visits": 1,
        "arrived_clicks": 1,
        "arrival_rate": 0.5,
        "ctr": 2 / 40,
        "cpc": "4.00",
        "conversions": "0",
        "cvr": 0.0,
        "cpa": None,
        "revenue": "0.00",
        "roas": 0.0,
        "revenue_roi": -1.0,
    }
    has(report.previous.totals, **steel)
    rows = by_name(report)
    has(rows["steel pump"]["previous"], **steel)
    has(rows["mud pump"]["previous"], cost=None, clicks=None, visits=0, conversions="0")


def test_each_day_of_the_trend(world: World) -> None:
    first, second = two_days(world).trend
    # 20.00 + 15.50 + 42.60; four visits; by click all of Anna's and Carl's conversions are
    # credited to 09-01, while Dora's last touch was on 09-02.
    has(
        first,
        day="2026-09-01",
        cost="78.10",
        visits=4,
        clicks=9,
        conversions="2",
        revenue="320.00",
    )
    # 5.25 + 28.80
    has(
        second,
        day="2026-09-02",
        cost="34.05",
        visits=2,
        clicks=3,
        conversions="1",
        revenue="360.00",
    )


def test_by_conversion_date_credit_lands_on_the_day_of_the_conversion(world: World) -> None:
    first, second = two_days(world, by="conversion").trend
    has(first, conversions="1", revenue="300.00")  # Anna's
    has(second, conversions="2", revenue="380.00")  # Carl's and Dora's
    # A period that has the clicks only, and one that has the conversions only.
    has(world.report("2026-09-01", "2026-09-01", by="click").totals, conversions="2")
    has(world.report("2026-09-01", "2026-09-01", by="conversion").totals, conversions="1")
    only = by_name(world.report("2026-09-02", "2026-09-02", by="conversion"))
    # Mud pump: nothing but the conversion on that day, so its cost is unknown, not zero.
    has(only["mud pump"], conversions="1", revenue="20.00", cost=None, visits=0, cpa=None)


def test_a_missing_rate_makes_what_needs_it_unknown_and_nothing_else(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    report = two_days(company(embedded_engine, sqlite_db, tmp_path, rates=RATES))
    rows = by_name(report)
    has(rows["steel pump"], cost="25.25", revenue="300.00", roas=300 / 25.25)
    has(
        rows["slurry pump"],
        impressions=300,
        clicks=5,
        cost=None,
        untracked_cost=None,
        cpc=None,
        visits=2,
        arrival_rate=2 / 5,
        conversions="1",
        cvr=1 / 5,
        cpa=None,
        revenue=None,
        roas=None,
        revenue_roi=None,
        roi=None,
    )
    has(
        report.totals,
        impressions=530,
        clicks=12,
        cost=None,
        visits=6,
        conversions="3",
        cpa=None,
        revenue=None,
        roas=None,
        revenue_roi=None,
    )
    has(report.coverage, conversions=1.0, value=None, paid_visits=1.0, cost=None)
    day = "2026-09-02"
    assert incomplete(report) == [("missing_rate", "USD/CNY", day, day)] * 2
    details = [item.detail for item in report.incomplete]
    assert ["for conversions" in detail for detail in details] == [True, False]
    assert ["for spend" in detail for detail in details] == [False, True]
    # On the first day the rate is known: 6.00 × 7.10.
    has(report.trend[0], cost="78.10", revenue="320.00")
    has(report.trend[1], cost=None, revenue=None, conversions="1")


def test_a_rate_that_arrives_later_completes_the_report(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = company(embedded_engine, sqlite_db, tmp_path, rates=RATES)
    world.rates("day,base,quote,rate\n2026-09-02,CNY,USD,0.125\n")
    world.reconcile()
    report = two_days(world)
    # Only CNY → USD is known: 4.00 / 0.125 = 32.00, and 50 / 0.125 = 400.00.
    has(by_name(report)["slurry pump"], cost="74.60", revenue="400.00")  # 42.60 + 32.00
    has(report, incomplete=[])


def test_with_a_margin_the_report_has_profit_and_margin_roi(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    report = two_days(company(embedded_engine, sqlite_db, tmp_path, margin=Decimal("0.35")))
    has(report, margin="0.35", break_even_roas=1 / 0.35)
    rows = by_name(report)
    # 0.35 × 300 = 105; 0.35 × 20 = 7; 0.35 × 360 = 126; 0.35 × 680 = 238
    has(rows["steel pump"], profit="79.75", roi=(105 - 25.25) / 25.25)
    has(rows["mud pump"], profit="-8.50", roi=(7 - 15.5) / 15.5)
    has(rows["slurry pump"], profit="54.60", roi=(126 - 71.4) / 71.4)
    has(rows["(not_paid)"], profit=None, roi=None)
    has(
        report.totals,
        profit="125.85",
        roi=(238 - 112.15) / 112.15,
        revenue_roi=(680 - 112.15) / 112.15,
    )


#: Model → credit of steel pump (Anna), mud pump (Carl's first), slurry pump (Dora), direct
#: (Carl's second).
CREDITS = {
    "first": ("1", "1", "1", "0"),
    "last": ("1", "0", "1", "1"),
    "last_non_direct": ("1", "1", "1", "0"),
    "last_paid": ("1", "1", "1", "0"),
    "linear": ("1", "0.5", "1", "0.5"),
    "position": ("1", "0.5", "1", "0.5"),
    # Carl's touches: 24 h 2 min and 2 min before the end, half-life 7 days. The weights are as
    # 2^(-1/7) to 1, 0.905723664 to 1, so the first has 0.905723664 / 1.905723664.
    "time_decay": ("1", "0.475264951", "1", "0.524735049"),
}


def test_each_model_gives_each_touch_its_weight(world: World) -> None:
    names = ("steel pump", "mud pump", "slurry pump", "(not_paid)")
    for model, credits in CREDITS.items():
        report = two_days(world, model=model)
        rows = by_name(report)
        assert tuple(rows[name]["conversions"] for name in names) == credits, model
        has(report.totals, conversions="3", revenue="680.00")


def test_only_the_conversions_of_a_goal_count_when_one_is_asked_for(world: World) -> None:
    inquiries = two_days(world, goal="inquiry")
    has(inquiries.totals, conversions="1", revenue="20.00", cost="112.15", visits=6)
    orders = two_days(world, goal="order")
    has(orders.totals, conversions="2", revenue="660.00", cpa="56.075")
    has(by_name(orders)["mud pump"], conversions="0", revenue="0.00", revenue_roi=-1.0)
