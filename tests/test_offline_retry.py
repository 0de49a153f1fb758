"""For how long an offline conversion that belongs to nobody is tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from tests.world import HOME, World, ad, at
from tracker.commands.conversions import offline_deps
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.reports.leads import list_leads
from tracker.requests.reports import ListConversions, ShowConversion
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

ENTERED = datetime(2026, 1, 10, 12, tzinfo=UTC)
#: 90 days later, a minute before and after.
IN_TIME, TOO_LATE = "04-10 11:59", "04-10 12:01"


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path, now=ENTERED)


def take(world: World, *entries: Entry) -> None:
    take_entries(offline_deps(world.parts, world.site), world.site, list(entries))


def ways(world: World) -> dict[str, str]:
    """How each lead was given to somebody, as the board of leads says."""
    found = list_leads(world.warehouse, world.db, world.site, clock=world.clock)
    return {one.lead: one.origin.matched for one in found.leads}


def builds(world: World) -> list[tuple[int]]:
    """The build that counts of the day of the conversions."""
    return world.rows("SELECT max(build) FROM slices WHERE kind = 'credits' AND day = '2026-01-09'")


def come(world: World, time: str, mark: str) -> None:
    """Visitors with a click id, an e-mail and an order come, each with this mark."""
    world.now = datetime.fromisoformat(f"2026-{time}+00:00")
    world.events(
        [
            at(time, f"{mark}1", f"{HOME}?gclid={mark}g1"),
            at(time, f"{mark}2", name="identify", props={"email": f"{mark}li@pumps.example"}),
            at(time, f"{mark}3", name="order", props={"order_id": f"{mark}W-1"}),
        ]
    )
    world.reconcile()


def test_what_comes_within_90_days_gives_a_conversion_to_somebody_and_later_nothing_does(
    world: World,
) -> None:
    given = {"click_id": "g1", "email": "li@pumps.example", "order_id": "W-1"}
    entry = Entry(id="", stage="order", time="2026-01-09 10:00")
    for name, value in given.items():
        for mark in ("a", "b"):
            fields = {"id": f"{name} {mark}", name: f"{mark}{value}"}
            take(world, msgspec.structs.replace(entry, **fields))
    world.reconcile()
    assert set(ways(world).values()) == {"none"}
    come(world, IN_TIME, "a")
    come(world, TOO_LATE, "b")
    expected = {f"{name} a": name for name in given}
    expected |= {f"{name} b": "expired" for name in given}
    assert ways(world) == expected
    # What comes on a later day does not even build the day of these conversions again.
    before = builds(world)
    come(world, "04-20 10:00", "b")
    assert builds(world) == before
    # It follows from the facts, not from when somebody looked: a rebuild says the same.
    world.run("rebuild", Rebuild(world.site.key))
    assert ways(world) == expected
    day = "2026-01-09"
    wanted = ListConversions(site=world.site.key, first=day, last=day)
    found = world.run("report-conversions", wanted)
    by_way = {one.matched: one.conversion for one in found["conversions"]}
    assert set(by_way) == set(expected.values())
    detail = world.run("report-conversion", ShowConversion(world.site.key, by_way["expired"]))
    assert detail.conversion.matched == "expired"


def test_a_visit_that_is_imported_late_counts_by_its_own_time(world: World) -> None:
    take(world, Entry(id="o", stage="order", time="2026-01-09 10:00", click_id="g1"))
    world.reconcile()
    world.now = datetime(2026, 9, 1, tzinfo=UTC)
    assert ways(world) == {"o": "expired"}
    world.events([at("01-08 10:00", url=f"{HOME}?gclid=g1")])
    world.reconcile()
    assert ways(world) == {"o": "click_id"}


def test_a_stage_that_is_entered_later_tries_the_whole_lead_again(world: World) -> None:
    world.events([at("01-08 10:00", "v1", ad("water pump"))])
    take(world, Entry(id="i", lead="L", stage="inquiry", time="2026-01-09", email="li@a.example"))
    world.reconcile()
    world.now = datetime(2026, 5, 1, tzinfo=UTC)
    world.events([at("04-30 10:00", "v1", name="identify", props={"email": "li@a.example"})])
    world.reconcile()
    assert ways(world) == {"L": "expired"}
    take(world, Entry(id="q", lead="L", stage="quotation", time="2026-05-01"))
    world.reconcile()
    (lead,) = list_leads(world.warehouse, world.db, world.site, clock=world.clock).leads
    assert (lead.origin.matched, lead.origin.keyword) == ("email", "water pump")
