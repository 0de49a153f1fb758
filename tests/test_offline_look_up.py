"""Offline conversions whose click no visit of ours brought, but of which the platform tells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from tests.clicks import tell
from tests.world import HOME, World, ad, at
from tracker.accounts import marks
from tracker.commands.conversions import offline_deps
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.reconcile.build import BuildContext
from tracker.reports.leads import list_leads
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

SPEND = (
    "day,platform,campaign,campaign id,ad group,ad group id,keyword,keyword id,match type,"
    "clicks,impressions,cost\n"
    "2026-09-01,google,pumps,11,steel,21,pump,31,exact,1,1,10\n"
    "2026-09-01,google,pumps,11,steel,21,valve,32,exact,1,1,10\n"
)
ORDER = Entry(id="o", stage="order", time="2026-09-10 10:00", click_id="g1")


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    found = World(warehouse_embedded, sqlite_db, tmp_path, lookback_days=30)
    found.spend(SPEND, platform="google")
    return found


def take(world: World, *entries: Entry) -> None:
    take_entries(offline_deps(world.parts, world.site), world.site, list(entries))


def way(world: World) -> str:
    """How the one lead was given to somebody."""
    (lead,) = list_leads(world.warehouse, world.db, world.site, clock=world.clock).leads
    return lead.origin.matched


def earned(world: World, first: str = "2026-09-01", last: str = "2026-10-31", **more: Any) -> Any:
    """Conversions by keyword, or by the reason in brackets."""
    rows = world.report(first, last, **more).rows
    return {
        str(row.keyword) if row.keyword else f"({row.reason})": row.conversions
        for row in rows
        if row.conversions != "0"
    }


def credit(world: World) -> list[tuple[Any, ...]]:
    """The touches of the conversions in linear credit."""
    return world.rows(
        "SELECT external_id, toString(matched), toString(touch_day), visit_id = 0, weight "
        "FROM credits AS w INNER JOIN conversions AS c "
        "ON w.conversion_id = c.conversion_id AND w.day = c.day AND w.build = c.build "
        "WHERE model = 'linear' AND (w.day, w.build) IN (SELECT day, max(build) FROM slices "
        "WHERE kind = 'credits' GROUP BY day) ORDER BY ALL"
    )


def test_a_look_up_gives_the_conversion_its_keyword_and_the_day_of_the_click(world: World) -> None:
    tell(world, "g1", day=date(2026, 9, 2), keyword_id="31")
    take(world, ORDER)
    world.reconcile()
    assert way(world) == "look_up"
    assert credit(world) == [("o", "look_up", "2026-09-02", True, 1_000_000_000)]
    assert earned(world) == {"pump": "1"}
    assert earned(world, "2026-09-02", "2026-09-02", by="click") == {"pump": "1"}
    assert earned(world, "2026-09-10", "2026-09-10", by="conversion") == {"pump": "1"}


@pytest.mark.slow
def test_look_up_conversion_and_visit_may_come_in_any_order(world: World) -> None:
    """Each order has a click and days of its own, so that no other rebuilds them by chance."""

    def come(name: str, numbers: list[int]) -> None:
        clicked = {f"g{number}": date(2026, 9, 2 + number) for number in numbers}
        if name == "look-up":
            for click, day in clicked.items():
                tell(world, click, day=day, keyword_id="31")
        elif name == "order":
            days = {click: f"2026-09-{day.day + 10}" for click, day in clicked.items()}
            order = Entry(id="", stage="order")
            take(world, *(replace(order, id=c, click_id=c, time=day) for c, day in days.items()))
        else:
            world.events(
                at(f"{day:%m-%d} 10:00", click, f"{HOME}?gclid={click}")
                for click, day in clicked.items()
            )

    orders = list(enumerate(permutations(("look-up", "order", "visit"))))
    for step in range(3):
        for name in ("look-up", "order", "visit"):
            come(name, [number for number, order in orders if order[step] == name])
        world.reconcile()
        expected = {f"g{number}": _outcome(order[: step + 1]) for number, order in orders}
        assert outcomes(world) == {click: found for click, found in expected.items() if found}
    assert set(outcomes(world).values()) == {("click_id", "31")}
    last = credit(world)
    world.run("rebuild", Rebuild(world.site.key))
    assert credit(world) == last


def _outcome(come: tuple[str, ...]) -> tuple[str, str] | None:
    """How a conversion is matched, and the keyword of its look-up, after these came."""
    if "order" not in come:
        return None
    told = "look-up" in come
    way = "click_id" if "visit" in come else "look_up" if told else "none"
    return way, "31" if told else ""


def outcomes(world: World) -> dict[str, tuple[str, str]]:
    """How each conversion is matched, and the keyword that the look-up of its touch names."""
    rows = world.rows(
        "SELECT external_id, toString(matched), look_keyword_id FROM conversions AS c "
        "INNER JOIN credits AS w ON w.conversion_id = c.conversion_id AND w.build = c.build "
        "LEFT JOIN (SELECT DISTINCT source_key, look_keyword_id FROM sources) AS s "
        "ON w.source_key = s.source_key WHERE model = 'last' AND (c.day, c.build) IN "
        "(SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
    )
    return {click: (way, keyword) for click, way, keyword in rows}


def test_a_look_up_that_is_told_anew_restates_and_one_that_says_the_same_rebuilds_nothing(
    world: World,
) -> None:
    take(world, ORDER)
    tell(world, "g1", keyword_id="31")
    world.reconcile()
    builds = world.rows("SELECT max(build) FROM slices")
    tell(world, "g1", keyword_id="31")
    world.reconcile()
    assert world.rows("SELECT max(build) FROM slices") == builds
    tell(world, "g1", keyword_id="32")
    world.reconcile()
    assert earned(world) == {"valve": "1"}
    tell(world, "g1", keyword_id="32", day=date(2026, 9, 5))
    world.reconcile()
    assert [row[2] for row in credit(world)] == ["2026-09-05"]


def test_a_lead_with_visits_keeps_their_path_and_one_without_any_in_reach_takes_the_look_up(
    world: World,
) -> None:
    world.events(
        [
            at("09-05 10:00", "near", ad("boiler")),
            at("05-01 10:00", "far", ad("boiler")),
        ]
    )
    near = Entry(id="near", stage="order", time="2026-09-10", click_id="g1", visitor="near")
    far = Entry(id="far", stage="order", time="2026-09-10", click_id="g2", visitor="far")
    take(world, near, far)
    world.reconcile()
    tell(world, "g1", keyword_id="31")
    tell(world, "g2", keyword_id="32")
    world.reconcile()
    assert credit(world) == [
        ("far", "visitor", "2026-09-01", True, 1_000_000_000),
        ("near", "visitor", "2026-09-05", False, 1_000_000_000),
    ]
    assert earned(world) == {"valve": "1", "(unknown_keyword)": "1"}


def test_what_the_conversion_brought_goes_with_the_look_up_unless_it_is_anothers(
    world: World,
) -> None:
    url = f"{HOME}?utm_source=google&utm_medium=cpc&utm_term=valve"
    take(
        world,
        Entry(id="both", stage="order", time="2026-09-10", landing_url=f"{url}&gclid=g1"),
        Entry(
            id="other",
            stage="order",
            time="2026-09-10",
            click_id="g2",
            platform="baidu",
            keyword="x",
        ),
    )
    tell(world, "g1", keyword_id="31")
    tell(world, "g2", keyword_id="31")
    world.reconcile()
    assert {row[:2] for row in credit(world)} == {("both", "look_up"), ("other", "platform")}
    assert earned(world) == {"pump": "1", "(unknown_keyword)": "1"}


def test_what_a_conversion_brought_is_resolved_by_the_build_of_visits_that_meets_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = BuildContext.run

    def hesitates(context: BuildContext, package: str, name: str, *given: Any) -> None:
        if name == "supplied_sources.sql":
            sleep(0.5)
        run(context, package, name, *given)

    monkeypatch.setattr(BuildContext, "run", hesitates)
    world.goal("order", kind="event", pattern="order")
    world.events([at("09-10 10:00", "v1", HOME)])
    take(world, Entry(id="o", stage="order", time="2026-09-10", platform="baidu", keyword="valve"))
    others = [one for one in marks.take(world.db, 99, 99) if one.slice.kind != "visits"]
    marks.clear(world.db, others)
    world.reconcile()
    assert credit(world)[0][:2] == ("o", "platform")
    sql, about = load_sql("tracker.reconcile", "unresolved_sites.sql"), {"sites": [world.site.key]}
    assert world.warehouse.rows(sql, about) == []


def test_a_click_after_the_conversion_or_before_its_lookback_is_no_touch(world: World) -> None:
    clicked = {
        "ahead": date(2026, 9, 11),  # of the account, whose zone may be ahead: our day is the 10th
        "after": date(2026, 9, 12),
        "oldest": date(2026, 8, 11),
        "too old": date(2026, 8, 10),
    }
    for name, day in clicked.items():
        take(world, Entry(id=name, stage="order", time="2026-09-10 10:00", click_id=name))
        tell(world, name, day=day, keyword_id="31")
    world.reconcile()
    assert {row[0]: row[2] for row in credit(world)} == {
        "ahead": "2026-09-10",
        "after": "2026-09-10",
        "oldest": "2026-08-11",
        "too old": "2026-09-10",
    }
    assert earned(world, by="conversion") == {"pump": "2", "(no_touch)": "2"}


def test_all_stages_of_a_lead_have_the_touch_of_its_look_up(world: World) -> None:
    take(
        world,
        Entry(id="i", lead="L", stage="inquiry", time="2026-09-10", click_id="g1"),
        Entry(id="p", lead="L", stage="order", time="2026-10-20"),
    )
    world.reconcile()
    tell(world, "g1", day=date(2026, 9, 2), keyword_id="31")
    world.reconcile()
    assert [row[:3] for row in credit(world)] == [
        ("i", "look_up", "2026-09-02"),
        ("p", "look_up", "2026-09-02"),
    ]


def test_what_a_look_up_supplied_is_in_one_day_of_the_report(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, timezone="America/New_York")
    world.spend(
        "day,platform,campaign id,campaign,ad group id,ad group,keyword id,keyword,clicks,"
        "impressions,cost\n2026-09-02,google,11,c,21,g,31,pump,1,1,5\n",
        platform="google",
        account="1-1",
    )
    tell(world, "gclidABCDEFGH1", day=date(2026, 9, 3), keyword_id="31")
    order = Entry(
        id="o",
        stage="order",
        time="2026-09-02T22:30:00-04:00",
        value=Decimal(100),
        click_id="gclidABCDEFGH1",
    )
    take(world, order)
    world.reconcile()
    whole = world.report("2026-09-02", "2026-09-03").totals.revenue
    days = [world.report(f"2026-09-0{day}", f"2026-09-0{day}").totals.revenue for day in (2, 3)]
    assert whole == "100.00"
    assert sum(Decimal(amount or 0) for amount in days) == 100, days
