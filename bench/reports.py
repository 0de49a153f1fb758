"""Reports of one big site among many small ones, at the HTTP API, and the limit of scanning.

    python -m bench.reports [--full] [--double] [--data DIRECTORY] [--requests 40] [--json]

The account is that of ``bench/report_account.py``; without ``--full`` a small one of the same
shape, whose figures say nothing about the limits but show that everything runs. ``--data`` keeps
the account for the next run. ``--double`` adds as many small sites again and measures anew.

Figures: wall time (median and 95th percentile) and processor time of one request for the keyword
report of 90 days with the 90 before, first 100 rows and totals, of the big site and of a small one;
a filtered breakdown from ``hits`` against ``SELECT sum(cityHash64(columns))`` over the same rows,
the two in turns. Requests begin when the jobs of the server's start have ended. Processor time
hardly depends on other work on the machine, wall time does; the load is printed with them.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import monotonic, process_time, sleep
from typing import Any

import httpx

from bench.report_account import FULL, QUICK, Account, Scale, add_account, add_small, fill, settle
from tracker.accounts.sites import get_site
from tracker.accounts.tokens import add_token
from tracker.config import load_settings
from tracker.parts import Parts, open_parts
from tracker.period import Period
from tracker.reconcile.sums import TABLES, make_beside, publish_beside
from tracker.reports.breakdown import breakdown
from tracker.reports.breakdown_request import read_breakdown

PERIOD = {"from": "2025-10-03", "to": "2025-12-31"}
KEYWORDS = {**PERIOD, "compare": "previous", "limit": "100"}
#: A filter that only hits can answer, and the columns that it needs.
FROM_HITS = {
    "group": "country",
    "metrics": "pageviews,events",
    "filter": 'page contains "/products/1"',
}
SCAN = """
SELECT sum(cityHash64(day, bucket, build, country, path, name)) FROM hits
WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}
"""
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    scale = FULL if given.full else QUICK
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as scratch:
        data = given.data or Path(scratch) / "data"
        known = prepare(data, scale)
        figures = measure(data, known, given.requests)
        if given.double:
            double(data, scale)
            again = measure(data, known, given.requests)
            figures |= {f"{name}, small sites doubled": value for name, value in again.items()}
    figures["load of the machine, 1 minute"] = round(os.getloadavg()[0], 1)
    if given.json:
        print(json.dumps(figures))  # noqa: T201
        return
    for name, value in figures.items():
        print(f"{name:64} {value}")  # noqa: T201


def prepare(data: Path, scale: Scale) -> Mapping[str, str]:
    """The account in ``data``, made unless it is there; the sites' keys and a token."""
    note = data / "bench.json"
    if note.exists():
        found: dict[str, str] = json.loads(note.read_text())
        return found
    with _parts(data) as parts:
        account = add_account(parts.db, scale)
        big = account.big.key if account.big else ""
        fill(parts.warehouse, account, scale)
        _, secret = add_token(parts.db, tenant=account.tenant, site=None, scope="read")
        known = {"big": big, "small": account.small[0].key, "tenant": account.tenant}
    note.write_text(json.dumps(known | {"token": secret}))
    return known | {"token": secret}


def double(data: Path, scale: Scale) -> None:
    """As many small sites again."""
    known = json.loads((data / "bench.json").read_text())
    with _parts(data) as parts:
        account = add_small(parts.db, known["tenant"], scale)
        fill(parts.warehouse, Account(known["tenant"], None, account), scale)
        for table in TABLES:
            make_beside(parts.warehouse, table)
            publish_beside(parts.warehouse, table)


def measure(data: Path, known: Mapping[str, str], requests: int) -> dict[str, Any]:
    """All figures of one state of the account."""
    figures: dict[str, Any] = {}
    # Opening fills the sums of what was made behind the builds' back.
    with _parts(data) as parts:
        settle(parts.warehouse)
    with server(data) as (url, pid):
        for name in ("big", "small"):
            figures |= asked(url, pid, known, name, requests)
    with _parts(data) as parts:
        figures |= scanned(parts, known["big"])
    return figures


def asked(url: str, pid: int, known: Mapping[str, str], name: str, count: int) -> dict[str, Any]:
    """Wall and processor milliseconds of the keyword report of a site."""
    address = f"{url}/api/v1/sites/{known[name]}/reports/keywords"
    headers = {"Authorization": f"Bearer {known['token']}"}
    with httpx.Client(headers=headers, timeout=60) as client:
        for _ in range(3):
            client.get(address, params=KEYWORDS).raise_for_status()
        times = []
        before = _processor(pid)
        for _ in range(count):
            start = monotonic()
            client.get(address, params=KEYWORDS).raise_for_status()
            times.append((monotonic() - start) * 1000)
        used = (_processor(pid) - before) / count * 1000
    times.sort()
    return {
        f"keyword report, {name} site, median ms": round(median(times), 1),
        f"keyword report, {name} site, p95 ms": round(times[int(len(times) * 0.95)], 1),
        f"keyword report, {name} site, processor ms": round(used, 1),
    }


def scanned(parts: Parts, key: str) -> dict[str, Any]:
    """A filtered breakdown from hits against the hash of its columns over the same rows."""
    site = get_site(parts.db, key)
    period = Period.parse(PERIOD["from"], PERIOD["to"])
    request = read_breakdown(FROM_HITS, site, period)
    reading = {"site": key, "first": period.first, "last": period.last}
    found = in_turns(
        {
            "breakdown from hits": lambda: breakdown(parts.warehouse, parts.db, request),
            "scan limit": lambda: parts.warehouse.rows(SCAN, reading),
        },
        5,
    )
    ratio = found["breakdown from hits, processor ms"] / found["scan limit, processor ms"]
    return found | {"breakdown from hits over scan limit, processor time": round(ratio, 2)}


def in_turns(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median processor and wall milliseconds of each job, the jobs in turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for number in range(rounds + 1):
        for name, job in jobs.items():
            wall, used = monotonic(), process_time()
            job()
            if number:
                times[name].append(((monotonic() - wall) * 1000, (process_time() - used) * 1000))
    figures = {}
    for name, found in times.items():
        figures[f"{name}, wall ms"] = round(median(wall for wall, _ in found), 1)
        figures[f"{name}, processor ms"] = round(median(used for _, used in found), 1)
    return figures


@contextmanager
def server(data: Path) -> Iterator[tuple[str, int]]:
    """``tracker serve`` on a free port; its address and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"TRACKER_DATA": str(data), "TRACKER_PORT": str(port)}
    command = [sys.executable, "-c", "from tracker.cli import main; main()", "serve"]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(url, process)
            _rest(process.pid)
            yield url, process.pid
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = monotonic() + 120
    while True:
        try:
            httpx.get(f"{url}/login", timeout=5)
            return
        except httpx.TransportError:
            if monotonic() > end or process.poll() is not None:
                raise
            sleep(0.1)


def _rest(pid: int) -> None:
    """Wait until the jobs that a server begins with have ended: it uses a tenth of a core."""
    end = monotonic() + 120
    used = 1.0
    while used > 0.1 and monotonic() < end:
        before = _processor(pid)
        sleep(3)
        used = (_processor(pid) - before) / 3


def _processor(pid: int) -> float:
    """Seconds of processor time that the process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


@contextmanager
def _parts(data: Path) -> Iterator[Parts]:
    with open_parts(replace(load_settings({}), data=data), loader=False) as parts:
        yield parts


if __name__ == "__main__":
    main()
