"""Sums by day: they say what visits and spend say, whenever they were made."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from tests.world import HOME, World, ad, at
from tracker.reconcile.sums import TABLES, fill_sums, make_beside
from tracker.reconcile.sweep import sweep
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

SPEND = """Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost
2026-09-01,c,g,pump,100,4,20.00
2026-09-03,c,g,pump,80,2,5.50
"""
#: Days of a build that say otherwise than its visits and spend.
CHECK = """
SELECT day, build, sum(counted), sum(paid) FROM
(
    SELECT day, build, toInt64(visits) AS counted, cost AS paid FROM daily
    WHERE site = {site:String}
    UNION ALL
    SELECT day, build, toInt64(-1), toInt64(0) FROM visits WHERE site = {site:String}
    UNION ALL
    SELECT day, build, toInt64(0), toInt64(-toDecimal128(cost_site, 6) * 1000000) FROM site_spend
    WHERE site = {site:String}
)
GROUP BY day, build HAVING sum(counted) != 0 OR sum(paid) != 0
"""
AGE = "ALTER TABLE slices UPDATE published = '2020-01-01' WHERE 1 SETTINGS mutations_sync = 1"


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """Two days with visits, two with spend, one of them without any visit."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.events(
        [
            at("09-01 10:00", "a", ad("pump", campaign="c")),
            at("09-02 10:00", "a", HOME),
            at("09-02 11:00", "b", ad("pump", campaign="c")),
        ]
    )
    world.spend(SPEND, platform="baidu")
    world.reconcile()
    return world


def report(world: World) -> bytes:
    """The report of these days."""
    return msgspec.json.encode(world.report("2026-09-01", "2026-09-03", compare="previous"))


def test_they_are_the_sums_of_visits_and_spend_of_every_build(world: World) -> None:
    world.run("rebuild", Rebuild(world.site.key))
    assert world.warehouse.rows(CHECK, {"site": world.site.key}) == []
    assert [(day.visits, day.cost) for day in world.report("2026-09-01", "2026-09-03").trend] == [
        (1, "20.00"),
        (2, None),
        (0, "5.50"),
    ]


def fill(world: World) -> None:
    """What a process does when it opens."""
    fill_sums(world.warehouse, world.db, lambda: world.now, "test")


def test_an_installation_that_had_none_fills_them_once(world: World) -> None:
    before = report(world)
    for table in TABLES:
        world.warehouse.execute(f"TRUNCATE TABLE {table}")
    # One that died while it made them: readers see nothing of it, and the next makes them anew.
    make_beside(world.warehouse, "daily")
    assert world.rows("SELECT count() FROM daily") == [(0,)]
    fill(world)
    fill(world)
    assert report(world) == before
    assert world.warehouse.rows(CHECK, {"site": world.site.key}) == []


def test_the_sweep_leaves_the_published_ones(world: World) -> None:
    world.run("rebuild", Rebuild(world.site.key))
    before = report(world)
    world.warehouse.execute(AGE)
    assert sweep(world.warehouse, world.now) > 0
    assert report(world) == before
    left = world.rows(
        "SELECT kind, day, uniqExact(build) FROM daily GROUP BY kind, day ORDER BY ALL"
    )
    assert [(kind, day.day, builds) for kind, day, builds in left] == [
        ("spend", 1, 1),
        ("spend", 3, 1),
        ("visits", 1, 1),
        ("visits", 2, 1),
    ]
