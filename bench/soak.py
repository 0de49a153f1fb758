"""Soak: the memory of a whole server while millions of events pass through it.

    python -m bench.soak [--events 2000000] [--json]

`tracker serve` as it is installed (pages, ingest, loader, reconciler, embedded engine, one process)
takes events as fast as it can, ten a request, each from a visitor of its own, and then catches up.
Figures: resident memory when the first tenth of the events had come and when all were in the
engine, and its highest value; events/s acknowledged; seconds until the spool was empty.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from bench.ingest import event, prepare
from bench.loads import paced
from tracker.ingest.room import spooled_bytes

EVENTS = 2_000_000
BATCH = 10
MEBIBYTE = 1024 * 1024
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident MiB of the server after so many acknowledged events."""

    events: int
    resident: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        found = measure(Path(directory), given.events)
    if given.json:
        sys.stdout.write(f"{json.dumps(found)}\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:44} {value}\n")


def measure(folder: Path, events: int) -> dict[str, Any]:
    """All figures."""
    data = folder / "data"
    data.mkdir()
    body = folder / "body.json"
    page = {**event(prepare(data)), "u": "@ID@"}
    body.write_text(json.dumps([page] * BATCH))
    with server(data) as (pid, port):
        samples = [Sample(0, resident(pid, "VmRSS"))]
        began = monotonic()
        while samples[-1].events < events:
            sent = samples[-1].events + post(port, body)
            samples.append(Sample(sent, resident(pid, "VmRSS")))
        took = monotonic() - began
        waited = until_loaded(data / "spool")
        last, highest = resident(pid, "VmRSS"), resident(pid, "VmHWM")
    return figures(samples, last, highest) | {
        "events/s acknowledged": round(samples[-1].events / took),
        "s until the spool was empty": round(waited, 1),
        "load average": round(os.getloadavg()[0], 1),
    }


def figures(samples: list[Sample], last: int, highest: int) -> dict[str, Any]:
    """Memory over the run."""
    total = samples[-1].events
    tenth = next(sample for sample in samples if sample.events >= total / 10)
    half = next(sample for sample in samples if sample.events >= total / 2)
    return {
        "events": total,
        "MiB resident when idle": samples[0].resident,
        f"MiB after {tenth.events:,} events": tenth.resident,
        f"MiB after {half.events:,} events": half.resident,
        f"MiB after {total:,} events": samples[-1].resident,
        "MiB when all of them were loaded": last,
        "MiB at the highest": highest,
        "target, MiB": 800,
    }


@contextmanager
def server(data: Path) -> Iterator[tuple[int, int]]:
    """`tracker serve` on the data directory: (process id, port)."""
    settings = {
        "TRACKER_DATA": str(data),
        "TRACKER_DATABASE_URL": f"sqlite:///{data}/metadata.db",
        "TRACKER_PORT": "0",
    }
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("tracker")), "serve"], env={**os.environ, **settings}
    )
    try:
        yield process.pid, port_of(data / "serve.json", process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def port_of(state: Path, process: subprocess.Popen[bytes]) -> int:
    """Where the server listens, once it does."""
    while process.poll() is None:
        if state.is_file() and (text := state.read_text()).endswith("\n"):
            return int(str(json.loads(text)["url"]).rpartition(":")[2].strip("/"))
        sleep(0.05)
    raise RuntimeError("the server did not start")


def post(port: int, body: Path) -> int:
    """Send for some seconds; how many events were acknowledged."""
    return int(paced(port, "/e", body, 2)["requests"]) * BATCH


def until_loaded(spool: Path) -> float:
    """Seconds until no event waits for the loader."""
    began = monotonic()
    while spooled_bytes(spool) and monotonic() - began < PATIENCE:
        sleep(0.2)
    return monotonic() - began


def resident(pid: int, field: str) -> int:
    """A size of a process's memory, in MiB, by its name in ``/proc/PID/status``."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 // MEBIBYTE
    raise RuntimeError(f"{field} is not known of process {pid}")


if __name__ == "__main__":
    main()
