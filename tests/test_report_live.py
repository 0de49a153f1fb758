"""Live visitors: who is on the site now, from facts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.world import HOME, World, ad, at
from tracker.reports.live import Live, live_visitors
from tracker.warehouse.client import Warehouse

NOW = datetime(2026, 9, 1, 10, 30, tzinfo=UTC)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path, now=NOW)


def live(world: World) -> list[Live]:
    return live_visitors(world.warehouse, world.site.key, NOW)


def test_a_visitor_is_live_for_five_minutes_after_the_last_event(world: World) -> None:
    world.events([at("09-01 10:26", "here"), at("09-01 10:24", "gone")])
    (visitor,) = live(world)
    assert visitor.last_seen == datetime(2026, 9, 1, 10, 26, tzinfo=UTC)


def test_a_live_visitor_shows_the_keyword_that_brought_him_and_his_way_newest_first(
    world: World,
) -> None:
    world.events(
        [
            at("09-01 10:10", url=ad("water pump")),
            at("09-01 10:27", url="https://pump.example/contact"),
        ]
    )
    (visitor,) = live(world)
    assert (visitor.platform, visitor.keyword) == ("baidu", "water pump")
    assert [step.path for step in visitor.steps] == ["/contact", "/"]


def test_an_event_that_was_sent_twice_is_shown_once(world: World) -> None:
    world.events([at("09-01 10:27:00", name="inquiry", id="one")])
    world.events([at("09-01 10:27:01", name="inquiry", id="one")])
    (visitor,) = live(world)
    assert [step.name for step in visitor.steps] == ["inquiry"]


def test_of_somebody_who_does_much_the_latest_steps_are_shown(world: World) -> None:
    world.events([at(f"09-01 10:{n // 3:02}:{n % 3 * 20:02}", url=f"{HOME}{n}") for n in range(80)])
    (visitor,) = live(world)
    assert visitor.last_seen == visitor.steps[0].time
    assert [step.path for step in visitor.steps] == [f"/{n}" for n in range(79, 29, -1)]
