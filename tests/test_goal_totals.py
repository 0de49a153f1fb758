"""What counts in totals of all goals and stages, and paths that begin after the last conversion."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.world import HOME, World, ad, at
from tracker.requests.reports import ReportBreakdown
from tracker.warehouse.client import Warehouse

DAYS = ("2026-09-01", "2026-10-31")
OFFLINE = "id,lead,time,stage,value,currency,visitor\n"


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def test_an_order_and_its_payment_are_one_conversion_with_one_value(world: World) -> None:
    world.events([at("09-01 10:00", visitor, ad("pump")) for visitor in ("a", "b", "c")])
    world.offline(
        OFFLINE
        + "i1,L1,2026-09-02T10:00:00Z,inquiry,5,CNY,a\n"
        + "q1,L1,2026-09-03T10:00:00Z,quotation,999,CNY,a\n"
        + "o1,L1,2026-09-04T10:00:00Z,order,900,CNY,a\n"
        + "p1,L1,2026-09-05T10:00:00Z,payment,880,CNY,a\n"
        # Without a value of the order its payment is what was earned.
        + "o2,L2,2026-09-04T10:00:00Z,order,,,b\n"
        + "p2,L2,2026-09-05T10:00:00Z,payment,70,CNY,b\n"
        # A stage that no pipeline knows stands for itself.
        + "x3,L3,2026-09-04T10:00:00Z,deposit,3,CNY,c\n"
    )
    world.reconcile()
    for model in ("last_non_direct", "markov"):
        totals = world.report(*DAYS, model=model).totals
        assert (totals.conversions, totals.revenue) == ("3", "973.00"), model
    payments = world.report(*DAYS, goal="stage:payment").totals
    assert (payments.conversions, payments.revenue) == ("2", "950.00")


def test_stages_have_their_own_rows_and_their_total_counts_a_lead_once(world: World) -> None:
    world.events([at("09-01 10:00", "a", ad("pump"))])
    world.spend(
        "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
        "2026-09-01,pumps,g,pump,10,2,100.00\n",
        platform="baidu",
    )
    world.offline(
        OFFLINE
        + "i1,L1,2026-09-02T10:00:00Z,inquiry,,,a\n"
        + "q1,L1,2026-09-03T10:00:00Z,quotation,999,USD,a\n"
        + "o1,L1,2026-09-04T10:00:00Z,order,900,CNY,a\n"
        + "p1,L1,2026-09-05T10:00:00Z,payment,880,CNY,a\n"
    )
    world.reconcile()
    keyword = figures(breakdown(world, "keyword"), "total")
    assert keyword == {None: ("1", "900.00")}
    assert overlaps(breakdown(world, "keyword")) == []
    for group, prefix in (("stage", ""), ("goal", "stage:")):
        found = breakdown(world, group, metrics="conversions,revenue,cpa,roas")
        assert figures(found) == {
            f"{prefix}inquiry": ("1", "0.00"),
            f"{prefix}quotation": ("1", None),
            f"{prefix}order": ("1", "900.00"),
            f"{prefix}payment": ("1", "880.00"),
            None: ("0", "0.00"),
        }
        assert figures(found, "total") == keyword, group
        assert (found["totals"]["cpa"], found["totals"]["roas"]) == ("100.00", 9.0)
        # That a row lacks a rate is said, though its value is in no total.
        assert overlaps(found) == ["missing_rate", "overlapping_rows"]
    # Of several stages, those that are named add up in rows and in the total.
    found = breakdown(world, "stage", filter="stage is order, payment")
    assert figures(found, "total") == {None: ("2", "1780.00")}
    assert overlaps(found) == ["overlapping_filter"]
    found = breakdown(world, "stage", filter="stage is payment", compare="previous")
    assert figures(found) == {"payment": ("1", "880.00")}
    assert figures(found, "total") == {None: ("1", "880.00")}
    assert overlaps(found) == []


def breakdown(world: World, group: str, **given: str) -> dict[str, Any]:
    """A breakdown as JSON."""
    given = {"metrics": "conversions,revenue,assisted_conversions"} | given | {"group": group}
    asked = ReportBreakdown(site=world.site.key, first=DAYS[0], last=DAYS[1], given=given)
    found: dict[str, Any] = json.loads(msgspec.json.encode(world.run("report-breakdown", asked)))
    return found


def figures(found: dict[str, Any], where: str = "rows") -> dict[str | None, tuple[str, str | None]]:
    """Conversions and revenue by the only dimension, or of the total."""
    total = {"values": {"": None}, "metrics": found["totals"]}
    return {
        next(iter(row["values"].values())): (
            row["metrics"]["conversions"],
            row["metrics"]["revenue"],
        )
        for row in ([total] if where == "total" else found["rows"])
    }


def overlaps(found: dict[str, Any]) -> list[str]:
    """What the report says of goals beside each other, and of rates."""
    kinds = [one["kind"] for one in found["incomplete"]]
    return [kind for kind in kinds if kind.startswith(("overlapping", "missing_rate"))]


def test_what_people_do_on_the_way_counts_for_itself_unless_the_site_says_so(
    world: World,
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    tap = world.goal("tap", kind="click", pattern="any")
    world.goal("extra", kind="event", pattern="extra", value=Decimal(9), is_primary=False)
    assert not tap.is_primary
    world.events(
        [
            at("09-01 10:00", "a", ad("pump")),
            at("09-01 10:01", "a", name="intent", props={"kind": "tel"}),
            at("09-01 10:02", "a", name="extra"),
            at("09-01 10:03", "a", name="order", value="100", currency="CNY"),
        ]
    )
    world.reconcile()
    totals = world.report(*DAYS).totals
    assert (totals.conversions, totals.revenue) == ("1", "100.00")
    assert world.report(*DAYS, goal="tap").totals.conversions == "1"
    assert world.report(*DAYS, goal="extra").totals.revenue == "9.00"
    # Side by side every goal stands for itself.
    found = breakdown(world, "goal")
    assert figures(found) == {
        "order": ("1", "100.00"),
        "tap": ("1", "0.00"),
        "extra": ("1", "9.00"),
    }
    # The total is that of the goals that count, and the report says that it is not the rows' sum.
    assert figures(found, "total") == {None: ("1", "100.00")}
    assert overlaps(found) == ["overlapping_rows"]
    # What has no stage is no goal of its own.
    assert figures(breakdown(world, "stage")) == {None: ("1", "100.00")}
    # A filter means goals that do not count where it names them, not where it leaves them out.
    for text, expected, said in (
        ("not goal is tap", ("1", "100.00"), []),
        ("goal is tap", ("1", "0.00"), []),
        ("not (not goal is tap)", ("1", "0.00"), []),
        ("goal contains EXTRA", ("1", "9.00"), ["overlapping_filter"]),
        ("goal is tap, extra", ("2", "9.00"), ["overlapping_filter"]),
        ("goal is tap or not goal is extra", ("2", "100.00"), []),
        ("not (goal is tap and source is baidu)", ("1", "100.00"), []),
        ('stage is "" and channel is "Paid Search"', ("1", "100.00"), []),
    ):
        found = breakdown(world, "source", filter=text)
        assert figures(found, "total") == {None: expected}, text
        assert figures(found) == {"baidu": expected}, text
        assert overlaps(found) == said, text


def test_a_path_may_begin_after_the_previous_conversion_in_whatever_order_they_arrive(
    world: World,
) -> None:
    anew = world.goal("order", kind="event", pattern="order", reset_path=True)
    whole = world.goal("again", kind="event", pattern="order")
    order = {"name": "order"}
    world.events(
        [
            at("09-01 10:00", "a", ad("pump")),
            at("09-10 10:00", "a", ad("valve")),
            at("09-10 10:05", "a", id=f"{9:032x}", **order),
            at("09-20 10:00", "a", f"{HOME}more", id=f"{8:032x}"),
        ]
    )
    world.reconcile()
    # The earlier conversion arrives later: of the second one the first touch is then the valve.
    path = "SELECT length FROM credits WHERE model = 'linear' AND goal = '{}' AND day = '{}' AND "
    live = (
        "(day, build) IN (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
    )

    def lengths(goal: str, day: str) -> list[int]:
        return [n for (n,) in world.rows(path.format(goal, day) + live)]

    assert lengths(anew.id, "2026-09-10") == [2, 2]
    world.events([at("09-01 10:05", "a", id=f"{7:032x}", **order)])
    world.reconcile()
    assert lengths(anew.id, "2026-09-01") == [1]
    assert lengths(anew.id, "2026-09-10") == [1]
    assert lengths(whole.id, "2026-09-10") == [2, 2]
