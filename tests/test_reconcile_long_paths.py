"""One visitor with many visits and orders must not keep his site from being built."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from tests.world import CHROME, HOME, World, at
from tracker.errors import WarehouseError
from tracker.requests.events import ImportEvents
from tracker.warehouse.client import Warehouse

DAYS, A_DAY = 80, 8


def test_a_shops_own_tablet_that_orders_all_day_is_built_with_its_site(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    begin = datetime(2026, 8, 1, tzinfo=UTC)
    times = [
        begin + timedelta(days=day, minutes=100 * number)
        for day in range(DAYS)
        for number in range(A_DAY)
    ]
    tablet = {"visitor": "tablet", "url": HOME, "user_agent": CHROME}
    order = {"name": "order", "value": "10", "currency": "CNY"}
    world.events(
        line
        for time in times
        for line in (
            {**tablet, "name": "pageview", "time": time.isoformat()},
            {**tablet, **order, "time": (time + timedelta(minutes=2)).isoformat()},
        )
    )
    other = world.another_site()
    file = world.file("o.ndjson", json.dumps(at("10-19 10:00", "v1", "https://other.example/")))
    world.run("events-import", ImportEvents(file, other.key))
    refused = ""
    for _ in range(2):  # as the job does, again and again
        try:
            world.reconcile()
        except WarehouseError as error:
            refused = str(error)
    found = world.rows(
        "SELECT site, count() FROM visits WHERE (site, day, bucket, build) IN (SELECT site, day,"
        " bucket, max(build) FROM slices WHERE kind = 'visits' GROUP BY site, day, bucket)"
        " GROUP BY site"
    )
    assert (dict(found), refused[:120]) == ({world.site.key: DAYS * A_DAY, other.key: 1}, "")
