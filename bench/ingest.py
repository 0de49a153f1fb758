"""Ingest: ``/e`` against a bare Starlette route, in one run on one server.

    python -m bench.ingest [--seconds 8] [--json]

Figures: requests/s of the bare route; events/s of ``/e`` with one and with ten events a request,
and their ratios; p99 of the acknowledgement at half the peak rate; events/s of two processes on
one spool. Load comes from a second process; every acknowledged event has been synced to disk.
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
from time import monotonic, sleep
from typing import Any

from tracker.accounts.database import migrate, open_database
from tracker.accounts.sites import add_site
from tracker.accounts.tenants import add_tenant

AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


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
    with server(data) as port:
        load(port, "/e", one, 1.5)  # warm
        bare = load(port, "/bare", one, seconds)
        single = load(port, "/e", one, seconds)
        tens = load(port, "/e", ten, seconds)
        half = load(port, "/e", one, seconds, rate=single["per_second"] / 2)
    with server(data) as first, server(data) as second:
        two = both(first, second, one, seconds)
    for name, result in (("single", single), ("ten", tens), ("half", half)):
        assert set(result["statuses"]) == {"202"}, (name, result)
    return {
        "bare requests/s": bare["per_second"],
        "/e events/s, 1 a request": single["per_second"],
        "ratio, 1 a request": round(single["per_second"] / bare["per_second"], 3),
        "/e events/s, 10 a request": tens["per_second"] * 10,
        "ratio, 10 a request": round(tens["per_second"] * 10 / bare["per_second"], 3),
        "ms p50 at peak": single["p50"],
        "ms p99 at peak": single["p99"],
        "ms p50 at half the peak": half["p50"],
        "ms p99 at half the peak": half["p99"],
        "two processes, events/s": two,
        "two processes, ratio": round(two / single["per_second"], 2),
        "cores": os.cpu_count(),
    }


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
def server(data: Path) -> Iterator[int]:
    """A server process on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "bench.ingest_server", str(port), str(data)]
    process = subprocess.Popen(command)
    try:
        wait_for(port)
        yield port
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


def command(port: int, path: str, body: Path, seconds: float, rate: float = 0) -> list[str]:
    """The load generator's command line."""
    words = [sys.executable, "-m", "bench.ingest_load", "--port", str(port), "--path", path]
    words += ["--body", str(body), "--agent", AGENT]
    return [*words, "--seconds", str(seconds), "--rate", str(rate)]


def load(port: int, path: str, body: Path, seconds: float, rate: float = 0) -> dict[str, Any]:
    """Run one load to its end."""
    output = subprocess.run(
        command(port, path, body, seconds, rate), check=True, capture_output=True, text=True
    )
    return dict(json.loads(output.stdout))


def both(first: int, second: int, body: Path, seconds: float) -> float:
    """Events/s of two servers under load at once."""
    running = [
        subprocess.Popen(command(port, "/e", body, seconds), stdout=subprocess.PIPE, text=True)
        for port in (first, second)
    ]
    return sum(float(json.loads(p.communicate()[0])["per_second"]) for p in running)


if __name__ == "__main__":
    main()
