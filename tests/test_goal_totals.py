"""What counts in totals of all goals and stages, and paths that begin after the last conversion."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

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
    given = {"group": "goal", "metrics": "conversions,revenue"}
    asked = ReportBreakdown(site=world.site.key, first=DAYS[0], last=DAYS[1], given=given)
    found = json.loads(msgspec.json.encode(world.run("report-breakdown", asked)))
    rows = {row["values"]["goal"]: row["metrics"]["conversions"] for row in found["rows"]}
    assert rows == {"order": "1", "tap": "1", "extra": "1"}


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
