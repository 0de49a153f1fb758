"""The loader and ``events import`` into the embedded engine on disk: events/s, processor time.

python -m bench.ingest_loader [--events 200000]

Writes a file of past events with fresh visitors, ids and click ids, imports it through the steps
into segments, and drains those. One figure for each half, with the process's own processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.ingest import AGENT, prepare
from tracker.accounts.clock import utc_now
from tracker.accounts.database import open_database
from tracker.accounts.salts import salt_of
from tracker.accounts.sites import SiteCache, get_site
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import Geography
from tracker.ingest.history import import_history
from tracker.ingest.identity import Visitors
from tracker.ingest.loader import Loader
from tracker.ingest.reasons import Counters
from tracker.ingest.sightings import Sightings
from tracker.ingest.steps import Environment
from tracker.warehouse.client import open_warehouse
from tracker.warehouse.migrate import migrate


def line(rng: random.Random, number: int) -> str:
    """A past page view; every third is the landing of an ad click."""
    url = f"https://www.pump.example/pumps/{rng.randrange(300)}"
    if number % 3 == 0:
        tags = "utm_source=baidu&utm_medium=cpc&utm_campaign=pumps&utm_term=%E6%B0%B4%E6%B3%B5"
        url += f"?{tags}&bd_vid={secrets.token_hex(8)}"
    time = datetime.now(UTC) - timedelta(seconds=rng.randrange(20 * 86_400))
    event = {
        "time": time.isoformat(timespec="milliseconds"),
        "visitor": secrets.token_hex(8),
        "url": url,
        "referrer": "https://www.baidu.com/link?url=abc" if number % 3 == 0 else "",
        "title": "Stainless steel submersible pumps",
        "ip": f"203.0.{rng.randrange(256)}.{rng.randrange(256)}",
        "user_agent": AGENT,
    }
    return json.dumps(event)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        for name, value in measure(Path(directory), arguments.events).items():
            print(f"{name:32} {value}")  # noqa: T201


def measure(data: Path, events: int) -> dict[str, Any]:
    """Both halves."""
    key = prepare(data)
    rng = random.Random(1)
    file = data / "events.ndjson"
    file.write_text("\n".join(line(rng, number) for number in range(events)) + "\n")
    db = open_database(f"sqlite:///{data}/metadata.db")
    site = get_site(db, key)
    env = Environment(
        sites=SiteCache(db, utc_now),
        enricher=Enricher(Geography()),
        visitors=Visitors(lambda site, day: salt_of(db, site, day), utc_now),
        sightings=Sightings(),
        counters=Counters(),
    )
    spool = data / "spool"
    with open_warehouse(f"chdb://{data}/warehouse") as warehouse:
        migrate(warehouse)
        imported = clocked(lambda: import_history(file, site, spool, env, utc_now), events)
        with Loader(spool, warehouse, db, utc_now) as loader:
            loaded = clocked(loader.drain, events)
        stored = warehouse.rows("SELECT count() FROM events")[0][0]
    db.dispose()
    assert stored == events, stored
    return {
        "import events/s": imported[0],
        "import cpu us an event": imported[1],
        "loader events/s": loaded[0],
        "loader cpu us an event": loaded[1],
        "cores": os.cpu_count(),
    }


def clocked(work: Callable[[], object], events: int) -> tuple[float, float]:
    """(events/s, processor microseconds an event)."""
    start, used = perf_counter(), process_time()
    work()
    return (
        round(events / (perf_counter() - start)),
        round(1e6 * (process_time() - used) / events, 1),
    )


if __name__ == "__main__":
    main()
