"""Sites that keep events and visits for a number of days only."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.accounts.sites import SiteSettings, update_site
from tracker.errors import InvalidInput
from tracker.jobs import JOBS
from tracker.reconcile.retention import cut_visits
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

DAYS = ("2026-06-01", "2026-10-31")


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(
        warehouse_embedded,
        sqlite_db,
        tmp_path,
        timezone="Asia/Shanghai",
        lookback_days=30,
    )


def count(world: World, table: str) -> int:
    return int(world.rows(f"SELECT count() FROM {table}")[0][0])


def test_old_visits_go_and_what_was_earned_on_their_days_stays(world: World) -> None:
    other = world.another_site()
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    order = {"name": "order", "value": "100", "currency": "CNY"}
    lines = []
    # It is the 1st of November in Shanghai: kept is what came there from the 2nd of September on,
    # which begins at 16:00 UTC of the 1st.
    for visitor, time in (("a", "07-01 10:0"), ("b", "09-01 15:5"), ("c", "09-01 16:0")):
        lines += [at(f"{time}1", visitor, ad("pump") + f"&bd_vid={visitor}")]
        lines += [at(f"{time}2", visitor, **order)]
    world.events(lines)
    world.reconcile()
    world.site = update_site(world.db, world.site.key, settings=SiteSettings(keep_days=60))
    before = world.report(*DAYS).totals
    assert (before.revenue, before.visits) == ("300.00", 3)
    prune = next(job for job in JOBS if job.name == "prune")
    result = prune.run(world.parts)
    assert result is not None
    assert result["expired"] > 0
    assert [count(world, name) for name in ("events", "visits", "clicks")] == [2, 1, 1]
    # A rebuild of everything takes nothing of what was earned.
    world.run("rebuild", Rebuild(world.site.key))
    after = world.report(*DAYS).totals
    assert after.revenue == "300.00"
    assert cut_visits(world.warehouse, [world.site, other], world.now) == {}
    later = world.now + timedelta(days=1)
    assert cut_visits(world.warehouse, [world.site], later)["visits"] == 1


def test_visits_are_kept_for_longer_than_the_lookbacks(world: World) -> None:
    with pytest.raises(InvalidInput, match="keep_days is 59; allowed are 0"):
        update_site(world.db, world.site.key, settings=SiteSettings(keep_days=59))
    world.goal("order", kind="event", pattern="order", lookback_days=60)
    with pytest.raises(InvalidInput, match=r"keep_days is 89; allowed are 0 .* 90"):
        update_site(world.db, world.site.key, settings=SiteSettings(keep_days=89))
    update_site(world.db, world.site.key, settings=SiteSettings(keep_days=90))
    with pytest.raises(InvalidInput, match=r"keep_days is 90; .* 91"):
        world.goal("other", kind="event", pattern="other", lookback_days=61)


def test_credit_of_a_goal_with_a_long_lookback_survives_the_cut(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True, lookback_days=90)
    order = {"name": "order", "value": "100", "currency": "CNY"}
    world.events([at("06-10 10:00", "a", ad("pump")), at("08-20 10:00", "a", **order)])
    world.reconcile()
    settings = SiteSettings(keep_days=120)
    world.site = update_site(world.db, world.site.key, settings=settings)
    # Of the newest build: the day to which the default model credits the order.
    touched = "SELECT argMax(touch_day, build) FROM credits WHERE model = 'last_non_direct'"
    before = world.rows(touched)
    assert str(before[0][0]) == "2026-06-10"
    cut_visits(world.warehouse, [world.site], world.now)
    assert count(world, "visits") == 1
    world.run("rebuild", Rebuild(world.site.key))
    assert world.rows(touched) == before
