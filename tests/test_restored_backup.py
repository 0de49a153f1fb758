"""A backup of servers that was put back: its metadata are older than its facts."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

import tracker
from tests.world import World, ad, at, money
from tracker import parts
from tracker.accounts import schema
from tracker.accounts.counters import counters, next_number, raise_counter
from tracker.accounts.database import write
from tracker.config import load_settings
from tracker.reconcile.numbering import MARGIN, keep_ahead
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Counters whose numbers are in the metadata alone.
OF_METADATA = {"marks", "set-up", "spend publications"}
SPEND = (
    "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-09-01,pumps,core,pump,5,1,{}\n"
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def totals(world: World) -> tuple[int, Decimal | None, str, Decimal | None]:
    found = world.report("2026-09-01", "2026-09-30").totals
    return found.visits, money(found.cost), found.conversions, money(found.revenue)


def take(world: World, cost: str) -> None:
    world.spend(SPEND.format(cost), platform="baidu", account="a")


def test_a_rebuild_heals_what_was_put_back(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    order = at("09-01 10:05", name="order", value="5", currency="CNY")
    world.events([at("09-01 10:00", url=ad("pump")), order])
    take(world, "2.00")
    world.reconcile()
    older = counters(world.db)
    # What happens between the copy of the metadata and that of the facts.
    world.events([at("09-01 11:00", "v2", ad("pump"))])
    world.reconcile()
    take(world, "3.00")
    world.events([at("09-01 12:00", "v3", ad("pump"))])
    world.reconcile()
    whole = (3, Decimal(3), "1", Decimal(5))
    assert totals(world) == whole

    with write(world.db) as connection:
        for name, value in older.items():
            table = schema.counters
            connection.execute(update(table).where(table.c.name == name).values(value=value))
    keep_ahead(world.warehouse, world.db)
    world.run("rebuild", Rebuild(world.site.key, "", ""))
    assert totals(world) == whole
    take(world, "9.00")
    world.reconcile()
    assert totals(world) == (3, Decimal(9), "1", Decimal(5))


def test_a_counter_that_is_ahead_stays(world: World) -> None:
    take(world, "2.00")
    world.reconcile()
    keep_ahead(world.warehouse, world.db)
    raised = counters(world.db)
    assert raised["build"] > MARGIN
    assert raised["pull"] > MARGIN
    keep_ahead(world.warehouse, world.db)
    assert counters(world.db) == raised
    raise_counter(world.db, "pull", 1)
    assert next_number(world.db, "pull") == raised["pull"] + 1


def test_counters_are_raised_when_the_stores_are_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(world, "2.00")
    world.reconcile()
    monkeypatch.setattr(parts, "open_engine", lambda *_: world.warehouse)
    settings = load_settings({}, data=str(world.folder / "restored"))
    with parts.open_parts(settings, loader=False) as opened:
        raised = counters(opened.db)
    assert raised["pull"] > MARGIN
    assert raised["build"] > MARGIN


def test_every_counter_is_compared_with_what_is_published(world: World) -> None:
    """A number that rows of ClickHouse bear belongs into ``highest_numbers.sql``."""
    texts = (path.read_text() for path in Path(tracker.__file__).parent.rglob("*.py"))
    asked = re.compile(r'\b(?:next_number|advance)\(\s*[\w.]+,\s*"([^"]+)"')
    named = {name for text in texts for name in asked.findall(text)}
    rows = world.rows(load_sql("tracker.reconcile", "highest_numbers.sql"))
    assert named - OF_METADATA == {name for name, _ in rows}
