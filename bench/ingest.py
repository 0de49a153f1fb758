"""Ingest: ``/e`` against a bare Starlette route, in one run on one server.

    python -m bench.ingest [--seconds 8] [--json]

Figures: requests/s of the bare route; events/s of ``/e`` with one and with ten events a request,
and their ratios; p99 of the acknowledgement at half the peak rate; events/s of two processes on
one spool. Load comes from a second process, wrk where it is installed; every acknowledged event has
been synced to disk.

The three loads take turns in short rounds and the figures are medians over the rounds, so that
other work on the machine falls on all of them; the server's own processor time for each request
stands beside the rates, because it hardly depends on that work at all.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

from bench.loads import generator, highest, paced
from tracker.accounts.database import migrate, open_database
from tracker.accounts.sites import add_site
from tracker.accounts.tenants import add_tenant

ROUNDS = 4


def event(site: str) -> dict[str, Any]:
    """A page view as the beacon sends it; the id is filled in by the load generator."""
    return {
        "v": 1,
        "s": site,
        "i": "@ID@",
        "n": "pageview",
        "o": 1_700_000_000_000,
        "t": 1_700_000_000_250,
        "a": 1,
        "u": "0123456789abcdef",
        "l": "https://www.pump.example/pumps/stainless-steel-submersible?utm_source=baidu"
        "&utm_medium=cpc&utm_campaign=pumps&utm_term=%E6%B0%B4%E6%B3%B5&bd_vid=11223344556677",
        "r": "https://www.baidu.com/link?url=abc",
        "d": "Stainless steel submersible pumps",
        "w": [1920, 1080, 1519, 720],
        "g": "zh-CN",
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        figures = measure(Path(directory), arguments.seconds)
    if arguments.json:
        print(json.dumps(figures))  # noqa: T201
        return
    for name, value in figures.items():
        print(f"{name:32} {value}")  # noqa: T201


def measure(data: Path, seconds: float) -> dict[str, Any]:
    """All figures."""
    site = prepare(data)
    one, ten = data / "one.json", data / "ten.json"
    one.write_text(json.dumps(event(site)))
    ten.write_text(json.dumps([event(site) for _ in range(10)]))
    kinds = {"bare": ("/bare", one), "single": ("/e", one), "tens": ("/e", ten)}
    with server(data) as (port, pid):
        for path, body in kinds.values():
            paced(port, path, body, 1)  # warm, and nothing may be dropped
        rounds = [
            {
                name: timed(port, pid, path, body, seconds / ROUNDS)
                for name, (path, body) in kinds.items()
            }
            for _ in range(ROUNDS)
        ]
        peak = median(one_round["single"]["per_second"] for one_round in rounds)
        half = paced(port, "/e", one, seconds, rate=peak / 2)
    with server(data) as (first, _), server(data) as (second, _):
        two = sum(tally["per_second"] for tally in highest([first, second], "/e", one, seconds))
    made = {"load from": generator(), "load average": round(os.getloadavg()[0], 1)}
    return {**figures(rounds), **latencies(half), **scaling(two, peak), **made}


def figures(rounds: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Rates, ratios and processor time: medians over the rounds."""

    def over(name: str, key: str, factor: float = 1, of: str = "") -> float:
        values = [float(r[name][key]) * factor / (r[of][key] if of else 1) for r in rounds]
        return round(float(median(values)), 3)

    return {
        "bare requests/s": over("bare", "per_second"),
        "/e events/s, 1 a request": over("single", "per_second"),
        "/e events/s, 10 a request": over("tens", "per_second", 10),
        "ratio, 1 a request": over("single", "per_second", 1, "bare"),
        "ratio, 10 a request": over("tens", "per_second", 10, "bare"),
        "cpu us a bare request": over("bare", "cpu"),
        "cpu us an event, 1 a request": over("single", "cpu"),
        "cpu us an event, 10 a request": over("tens", "cpu", 0.1),
        "ratio by cpu, 1 a request": round(1 / over("single", "cpu", 1, "bare"), 3),
        "ratio by cpu, 10 a request": round(10 / over("tens", "cpu", 1, "bare"), 3),
    }


def latencies(half: dict[str, Any]) -> dict[str, Any]:
    """Of the acknowledgement, at half the peak rate."""
    return {"ms p50 at half the peak": half["p50"], "ms p99 at half the peak": half["p99"]}


def scaling(two: float, one: float) -> dict[str, Any]:
    """Of two processes against one."""
    return {
        "two processes, events/s": round(two, 1),
        "two processes, ratio": round(two / one, 2),
        "cores": os.cpu_count(),
    }


def timed(port: int, pid: int, path: str, body: Path, seconds: float) -> dict[str, Any]:
    """One load, with the server's processor time for each request in microseconds."""
    before = processor_seconds(pid)
    (result,) = highest([port], path, body, seconds)
    used = processor_seconds(pid) - before
    return {**result, "cpu": 1e6 * used / result["requests"]}


def processor_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / int(os.sysconf("SC_CLK_TCK"))


def prepare(data: Path) -> str:
    """A metadata store with one site; its key."""
    db = open_database(f"sqlite:///{data}/metadata.db")
    migrate(db)
    tenant = add_tenant(db, name="Bench")
    site = add_site(
        db,
        tenant=tenant.id,
        name="Pumps",
        domains=["pump.example"],
        timezone="Asia/Shanghai",
        currency="CNY",
    )
    db.dispose()
    return site.key


@contextmanager
def server(data: Path) -> Iterator[tuple[int, int]]:
    """A server process on a free port: (port, process id)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "bench.ingest_server", str(port), str(data)]
    process = subprocess.Popen(command)
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int) -> None:
    """Until the port is open."""
    end = monotonic() + 20
    while monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")


if __name__ == "__main__":
    main()
