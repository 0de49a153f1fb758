"""Visits: where they begin and end, and which source they have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.world import HOME, World, ad, at
from tracker.warehouse.client import Warehouse

PUBLISHED = """
SELECT {columns} FROM visits WHERE (site, day, bucket, build) IN
    (SELECT site, day, bucket, max(build) FROM slices WHERE kind = 'visits'
    GROUP BY site, day, bucket)
ORDER BY visitor, start
"""


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def visits(world: World, columns: str) -> list[tuple[Any, ...]]:
    world.reconcile()
    return world.rows(PUBLISHED.format(columns=columns))


def test_a_visit_lasts_until_thirty_minutes_without_activity(world: World) -> None:
    world.events([at("09-01 10:00"), at("09-01 10:30"), at("09-01 11:00:01")])
    assert visits(world, "pageviews, touch") == [(2, True), (1, True)]


def test_the_timeout_is_the_sites_own(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, visit_timeout=300)
    world.events([at("09-01 10:00"), at("09-01 10:05"), at("09-01 10:10:01")])
    assert visits(world, "pageviews") == [(2,), (1,)]


def test_an_entrance_with_another_source_begins_a_visit(world: World) -> None:
    world.events(
        [
            at("09-01 10:00", url=ad("water pump")),
            at("09-01 10:01", url=HOME + "p1"),
            at("09-01 10:02", url=ad("oil pump")),
            at("09-01 10:03", url=HOME + "p2"),
        ]
    )
    assert visits(world, "pageviews, entry_path") == [(2, "/"), (2, "/")]


def test_two_tabs_of_one_visit_do_not_flip_it(world: World) -> None:
    first, second = ad("water pump"), ad("oil pump")
    world.events(
        [
            at("09-01 10:00", url=first),
            at("09-01 10:01", url=second),
            at("09-01 10:02", url=first),
            at("09-01 10:03", url=second),
        ]
    )
    assert visits(world, "pageviews") == [(1,), (3,)]


def test_the_same_ad_clicked_again_is_a_new_visit_by_its_click_id(world: World) -> None:
    world.events(
        [
            at("09-01 10:00", url=ad("water pump", bd_vid="1001")),
            at("09-01 10:01", url=ad("water pump", bd_vid="1002")),
        ]
    )
    assert visits(world, "click_id") == [("1001",), ("1002",)]


def test_a_referral_in_the_middle_of_a_visit_changes_nothing(world: World) -> None:
    world.events(
        [
            at("09-01 10:00", url=ad("water pump")),
            at("09-01 10:05", referrer="https://blog.example/post"),
        ]
    )
    assert visits(world, "platform, pageviews") == [("baidu", 2)]


def test_local_midnight_ends_a_visit_and_its_continuation_is_no_touch(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, timezone="Asia/Shanghai")
    # 15:50 UTC is 23:50 in Shanghai.
    world.events(
        [at("09-01 15:50", url=ad("water pump")), at("09-01 16:10"), at("09-01 16:20", url=HOME)]
    )
    assert [
        (str(day), platform, touch, pages)
        for day, platform, touch, pages in visits(world, "day, platform, touch, pageviews")
    ] == [("2026-09-01", "baidu", True, 1), ("2026-09-02", "baidu", False, 2)]


def test_a_visit_of_the_next_day_after_a_pause_stands_alone(world: World) -> None:
    world.events([at("09-01 23:50", url=ad("water pump")), at("09-02 00:30")])
    assert visits(world, "platform, touch") == [("baidu", True), ("", True)]


def test_a_new_ad_after_midnight_is_a_touch(world: World) -> None:
    world.events([at("09-01 23:50", url=ad("water pump")), at("09-02 00:05", url=ad("oil pump"))])
    assert visits(world, "touch") == [(True,), (True,)]


def test_returning_from_a_payment_provider_continues_the_visit(world: World) -> None:
    world.events(
        [
            at("09-01 10:00", url=ad("water pump")),
            at("09-01 10:50", url=HOME + "paid", referrer="https://www.alipay.com/"),
        ]
    )
    assert visits(world, "platform, pageviews") == [("baidu", 2)]


def test_an_event_sent_three_times_counts_once(world: World) -> None:
    line = at("09-01 10:00", id="order-7")
    world.events([line])
    world.events([line])
    world.events([line | {"time": "2026-09-01T10:00:05+00:00"}])
    assert world.rows("SELECT count() FROM events")[0][0] >= 2
    assert visits(world, "pageviews") == [(1,)]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
def test_days_of_23_and_25_hours_hold_every_visit_once(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path, zone: str
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, timezone=zone)
    hours = [
        f"{month}-{day:02} {hour:02}:00"
        for month, days in DST
        for day in days
        for hour in range(24)
    ]
    world.events([at(hour, visitor=hour) for hour in hours])
    assert len(visits(world, "visitor")) == len(hours)


#: Days around the changes of 2026 on both continents.
DST = (("03", (7, 8, 9, 28, 29, 30)), ("10", (24, 25, 26, 31)))


def test_a_late_event_of_yesterday_changes_the_continuation_today(world: World) -> None:
    world.events([at("09-02 00:10")])
    assert visits(world, "platform, touch") == [("", True)]
    world.events([at("09-01 23:55", url=ad("water pump"))])
    assert visits(world, "platform, touch") == [("baidu", True), ("baidu", False)]


def test_an_event_of_a_clock_that_is_ahead_at_midnight_counts_and_is_gone_on_with(
    world: World,
) -> None:
    world.now = datetime(2026, 9, 1, 23, 58, tzinfo=UTC)
    world.events([at("09-02 00:03")])
    world.reconcile()
    world.now += timedelta(days=3)
    assert visits(world, "toString(day), pageviews, touch") == [("2026-09-02", 1, True)]
    # What comes later of the day before changes the day that was built ahead of time.
    world.events([at("09-01 23:50")])
    assert visits(world, "toString(day), pageviews, touch") == [
        ("2026-09-01", 1, True),
        ("2026-09-02", 1, False),
    ]
