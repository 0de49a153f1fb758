"""A warehouse with the events of the demo company, made through the real path and multiplied.

The company's ninety days go from a file through the steps of ingest into segments and from there
through the loader; copies with ids of their own are then made inside the engine, because ten
million events through the steps would take minutes and store the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from bench.ingest import prepare
from tracker.accounts.clock import utc_now
from tracker.accounts.database import open_database
from tracker.accounts.salts import salt_of
from tracker.accounts.sites import Site, SiteCache, get_site
from tracker.demo.history import make_history
from tracker.ingest.draft import Environment
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import Geography
from tracker.ingest.history import import_history
from tracker.ingest.identity import Visitors
from tracker.ingest.loader import Loader
from tracker.ingest.reasons import Counters
from tracker.ingest.sightings import Sightings
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate
from tracker.warehouse.sql import load_sql

ZONE = ZoneInfo("Asia/Shanghai")
SEED = 7
#: Copies made by one statement: its memory and its parts stay small.
STEP = 20


@dataclass(frozen=True, slots=True)
class World:
    """An open warehouse, the metadata store beside it, and the site whose events it holds."""

    data: Path
    db: Engine
    warehouse: Warehouse
    site: Site


@contextmanager
def open_world(data: Path) -> Iterator[World]:
    """An empty warehouse on disk with one site."""
    key = prepare(data)
    db = open_database(f"sqlite:///{data}/metadata.db")
    try:
        with open_warehouse(f"chdb://{data}/warehouse") as warehouse:
            migrate(warehouse)
            yield World(data, db, warehouse, get_site(db, key))
    finally:
        db.dispose()


def environment(world: World) -> Environment:
    """The look-ups of the steps, as an import has them."""
    return Environment(
        sites=SiteCache(world.db, utc_now),
        enricher=Enricher(Geography()),
        visitors=Visitors(lambda site, day: salt_of(world.db, site, day), utc_now),
        sightings=Sightings(),
        counters=Counters(),
    )


def fill_demo(world: World, days: int) -> int:
    """The demo company's last ``days`` days, through ingest and loader; how many events."""
    now = datetime.now(UTC)
    history = make_history(SEED, days, now.date() - timedelta(days=1), ZONE, now)
    file = world.data / "demo.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in history.events))
    spool = world.data / "spool"
    import_history(file, world.site, spool, environment(world), utc_now)
    with Loader(spool, world.warehouse, world.db, utc_now) as loader:
        report = loader.drain()
    assert report.events == len(history.events), report
    return report.events


def multiply(
    warehouse: Warehouse, events: int, *, varied: bool, progress: Callable[[int], None]
) -> None:
    """Put about ``events`` copies in place of the events; ``progress`` gets their number."""
    warehouse.execute("CREATE TABLE template AS events ENGINE = Memory")
    warehouse.execute("INSERT INTO template SELECT * FROM events")
    warehouse.execute("TRUNCATE TABLE events")
    each = int(warehouse.rows("SELECT count() FROM template")[0][0])
    copies = -(-events // each)
    statement = load_sql("bench", "multiply")
    for first in range(0, copies, STEP):
        count = min(STEP, copies - first)
        params = {"first": first, "copies": count, "varied": varied}
        warehouse.execute(statement, params)
        progress((first + count) * each)
    warehouse.execute("DROP TABLE template")
