"""Stored size of ``events``: bytes an event on the demo world with fresh ids, after merges.

    python -m bench.storage [--events 10000000] [--quick] [--varied] [--json]

The baseline is one day of the same events in a table of the same columns without codecs, in the
same run. ``--quick`` takes a tenth of the days with as many events a day, so the size of an event
is nearly the same. ``--varied`` makes the events of a larger site: many networks, user agents,
pages, screens. ``BENCH_DIR`` names a directory with room; about 2 GB are needed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.world import World, fill_demo, multiply, open_world
from tracker.warehouse.client import Warehouse

EVENTS = 10_000_000
DAYS = 90
TARGET = 60
#: Columns that are printed one by one.
LISTED = 12


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the days and events")
    parser.add_argument("--varied", action="store_true", help="a larger site than the demo's")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    share = 10 if given.quick else 1
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory,
        open_world(Path(directory)) as world,
    ):
        found = measure(world, given.events // share, DAYS // share, varied=given.varied)
    if given.json:
        sys.stdout.write(f"{json.dumps(found)}\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:40} {value}\n")


def measure(world: World, events: int, days: int, *, varied: bool) -> dict[str, Any]:
    """All figures."""
    warehouse = world.warehouse
    started = perf_counter()
    fill_demo(world, days)
    multiply(warehouse, events, varied=varied, progress=_progress(events, started))
    warehouse.execute("OPTIMIZE TABLE events FINAL")
    rows, size = stored(warehouse, "events")
    plain = without_codecs(warehouse)
    each = round(size / rows, 1)
    return {
        "events": rows,
        "bytes an event": each,
        "target": TARGET,
        "bytes an event without codecs": plain,
        "ratio": round(each / plain, 2),
        **{f"bytes of {name}": value for name, value in columns(warehouse, rows)},
        "seconds": round(perf_counter() - started),
    }


def stored(warehouse: Warehouse, table: str) -> tuple[int, int]:
    """(rows, bytes on disk) of a table's active parts: data, indexes, marks, checksums."""
    statement = (
        "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts "
        "WHERE database = currentDatabase() AND table = {table:String} AND active"
    )
    [(rows, size)] = warehouse.rows(statement, {"table": table})
    return int(rows), int(size)


def columns(warehouse: Warehouse, rows: int) -> list[tuple[str, float]]:
    """The largest columns in bytes an event, and the rest together."""
    statement = (
        "SELECT column, sum(column_bytes_on_disk) AS size FROM system.parts_columns "
        "WHERE database = currentDatabase() AND table = 'events' AND active "
        "GROUP BY column ORDER BY size DESC"
    )
    sizes = [(str(name), int(size) / rows) for name, size in warehouse.rows(statement)]
    rest = sum(size for _, size in sizes[LISTED:])
    return [(name, round(size, 2)) for name, size in [*sizes[:LISTED], ("the rest", rest)]]


def without_codecs(warehouse: Warehouse) -> float:
    """Bytes an event of one full day in a table without codecs (LZ4 for every column)."""
    types = warehouse.rows(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() "
        "AND table = 'events' ORDER BY position"
    )
    listed = ", ".join(f"`{name}` {kind}" for name, kind in types)
    warehouse.execute(
        f"CREATE TABLE plain ({listed}) ENGINE = MergeTree PARTITION BY toDate(time) "
        "ORDER BY (site, visitor, time)"
    )
    warehouse.execute(
        "INSERT INTO plain SELECT * FROM events WHERE toDate(time) = "
        "(SELECT toDate(time) AS day FROM events GROUP BY day ORDER BY count() DESC LIMIT 1)"
    )
    warehouse.execute("OPTIMIZE TABLE plain FINAL")
    rows, size = stored(warehouse, "plain")
    return round(size / rows, 1)


def _progress(events: int, started: float) -> Any:
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda done: sys.stderr.write(
        f"\r{done:,} of {events:,} events, {perf_counter() - started:.0f} s "
    )


if __name__ == "__main__":
    main()
