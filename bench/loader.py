"""The loader: prepared segments into the embedded engine on disk, and an import of past events.

    python -m bench.loader [--events 300000] [--json]

Events of the demo company's visits, with ids and visitors of their own, come from the steps of
ingest as the beacon's do and lie in closed segments of 8 MiB, as after an hour in which the engine
was away. The baseline is the engine alone in the same run: the same segments, one after another,
by the driver's own insert into the same columns, with nothing marked, checked or removed. The
processor time of an event (parsing, sorting, writing, merging, of all threads) hardly depends on
other work on the machine; the rates do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.world import SEED, ZONE, World, environment, open_world
from tracker.accounts.clock import to_ms, utc_now
from tracker.demo.history import make_history
from tracker.ingest.columns import Batch
from tracker.ingest.draft import Request
from tracker.ingest.history import import_history
from tracker.ingest.loader import Loader
from tracker.ingest.payload import Beacon
from tracker.ingest.segments import IMPORTS, READY, Names, make_root, segments, write_file
from tracker.ingest.steps import process

EVENTS = 300_000
TARGET = 100_000
SEGMENT_BYTES = 8 * 1024 * 1024
#: Events taken through the steps; the others are these with other ids and visitors.
STEPPED = 20_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory,
        open_world(Path(directory)) as world,
    ):
        found = measure(world, given.events)
    if given.json:
        sys.stdout.write(f"{json.dumps(found)}\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:40} {value}\n")


def measure(world: World, events: int) -> dict[str, Any]:
    """All figures."""
    spool = world.data / "spool"
    prepare_segments(world, spool, events)
    alone = clocked(lambda: insert_alone(world, spool), events)
    with Loader(spool, world.warehouse, world.db, utc_now) as loader:
        loaded = clocked(loader.drain, events)
        assert stored(world) == events, stored(world)
        imported, queued = past_events(world, spool, loader, events // 10)
    return {
        "loader events/s": loaded[0],
        "target": TARGET,
        "engine alone, events/s": alone[0],
        "ratio to the engine alone": round(loaded[0] / alone[0], 2),
        "cpu us an event, loader": loaded[1],
        "cpu us an event, engine alone": alone[1],
        "cores used by the loader": round(loaded[0] * loaded[1] / 1e6, 2),
        "events/s at that cpu on all cores": round(1e6 * (os.cpu_count() or 1) / loaded[1]),
        "import of past events, events/s": imported[0],
        "cpu us an event, import": imported[1],
        "cpu us an event, loading the import": queued[1],
        "cores": os.cpu_count(),
        "load average": round(os.getloadavg()[0], 1),
    }


def prepare_segments(world: World, spool: Path, events: int) -> None:
    """Closed segments with so many lines of events."""
    make_root(spool)
    names, now = Names(), to_ms(utc_now())
    held: list[bytes] = []
    size = 0
    for number, line in enumerate(lines(world, events), start=1):
        held.append(line)
        size += len(line)
        if size >= SEGMENT_BYTES or number == events:
            name = f"{names.next(now)}.events.ndjson"
            write_file(spool / READY / name, b"".join(held))
            held, size = [], 0


def lines(world: World, events: int) -> Iterator[bytes]:
    """Lines of the spool, each with an event id of its own."""
    rng = random.Random(SEED)
    made = [line for line, _ in zip(stepped(world, rng), range(min(events, STEPPED)), strict=False)]
    for number in range(events):
        before, _, rest = made[number % len(made)].partition(b'"event_id":"')
        visitor, comma, after = rest[32:].removeprefix(b'","visitor":').partition(b",")
        person = (int(visitor) + number // len(made)) % 2**64
        yield b'%s"event_id":"%032x","visitor":%d%s%s' % (
            before,
            rng.getrandbits(128),
            person,
            comma,
            after,
        )


def stepped(world: World, rng: random.Random) -> Iterator[bytes]:
    """Events of the demo company as its beacon sends them, through the steps, without end."""
    env, now = environment(world), to_ms(utc_now())
    history = make_history(SEED, 90, datetime.now(UTC).date(), ZONE, datetime.now(UTC))
    while True:
        shift = rng.getrandbits(64)
        for event in history.events:
            person = int(event["visitor"], 16) ^ shift
            received = now - rng.randrange(3_600_000)
            batch = Batch()
            request = Request(
                received=received,
                origin="beacon",
                ip=f"{11 + person % 100}.{person >> 8 & 255}.{person >> 16 & 255}.7",
                user_agent=event["user_agent"].replace("141.0", f"{100 + person % 43}.0"),
            )
            process([beacon(world, event, person, rng)], request, env, batch)
            yield from batch.events


def beacon(world: World, event: dict[str, Any], person: int, rng: random.Random) -> Beacon:
    """One event of the demo on the wire, on the bench's own domain, with a fresh click id."""
    url = event["url"].replace("hydra-pumps", "pump")
    if "vid=" in url or "clid=" in url or "clkid=" in url:
        url = f"{url[:-24]}{rng.getrandbits(96):024x}"
    return Beacon(
        site=world.site.key,
        event_id=f"{rng.getrandbits(128):032x}",
        name=event["name"],
        occurred=0,
        sent=20 + rng.randrange(300),
        visitor=f"{person:016x}",
        url=url,
        referrer=event.get("referrer", "").replace("hydra-pumps", "pump"),
        title=f"Pumps for slurry and water: {url.partition('?')[0]}",
        sizes=(1920, 1080, 1000 + person % 500, 700),
        language="zh-CN",
        props=event.get("props"),
    )


def insert_alone(world: World, spool: Path) -> None:
    """The segments by the engine and its driver alone, into a table like ``events``."""
    warehouse = world.warehouse
    warehouse.execute("CREATE TABLE alone AS events")
    for segment in segments(spool / READY):
        warehouse.insert_json("alone", segment.path)
    warehouse.execute("DROP TABLE alone SYNC")


def past_events(
    world: World, spool: Path, loader: Loader, events: int
) -> tuple[tuple[int, float], tuple[int, float]]:
    """An import of past events of twenty days, and loading what it queued."""
    rng, now = random.Random(SEED), datetime.now(UTC)
    history = make_history(SEED, 20, now.date(), ZONE, now).events
    with (world.data / "past.ndjson").open("w") as file:
        for number in range(events):
            event = history[number % len(history)]
            person = f"{rng.getrandbits(64):016x}"
            time = now - timedelta(seconds=rng.randrange(20 * 86_400))
            past = {**event, "visitor": person, "time": time.isoformat()}
            file.write(json.dumps(past) + "\n")
    env = environment(world)
    work = lambda: import_history(world.data / "past.ndjson", world.site, spool, env, utc_now)  # noqa: E731
    imported = clocked(work, events)
    assert segments(spool / IMPORTS)
    return imported, clocked(loader.drain, events)


def stored(world: World) -> int:
    """Rows of ``events``."""
    return int(world.warehouse.rows("SELECT count() FROM events")[0][0])


def clocked(work: Callable[[], object], events: int) -> tuple[int, float]:
    """(events/s, processor microseconds an event)."""
    start, used = perf_counter(), process_time()
    work()
    return (
        round(events / (perf_counter() - start)),
        round(1e6 * (process_time() - used) / events, 1),
    )


if __name__ == "__main__":
    main()
