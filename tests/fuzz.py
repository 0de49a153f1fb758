"""A million hostile requests to the public entrances: ``python -m tests.fuzz [--requests N]``.

Each must be answered, with a status that the wire protocol names, within ``LONGEST`` seconds,
without an exception and without a trace of one in the answer; and whatever was taken, ClickHouse
has to load. The requests are mutations of real ones (``hostile.py``), examples of Hypothesis, and,
where atheris is installed, bodies that it finds by following the coverage of the code.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from starlette.applications import Starlette

from tests.hostile import Generator, Hostile
from tests.ingest import NOW, new_site
from tests.test_ingest_hostile import JSON
from tracker.accounts.database import migrate as migrate_metadata
from tracker.accounts.database import open_database
from tracker.accounts.salts import salt_of
from tracker.accounts.sites import SiteCache
from tracker.ingest.directory import Directory
from tracker.ingest.endpoint import IngestDeps
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import Geography
from tracker.ingest.loader import Loader
from tracker.ingest.routing import Application, routes
from tracker.ingest.spool import Spool, SpoolLimits
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate

ALLOWED = frozenset({200, 202, 204, 400, 401, 403, 404, 405, 413, 415, 429})
#: Seconds until a request counts as stuck.
LONGEST = 20.0
TOGETHER = 64
#: Requests between loads.
CHUNK = 50_000


class Target:
    """The public routes on a spool and a store of their own, without a socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = open_database(f"sqlite:///{folder / 'tracker.db'}")
        migrate_metadata(self.db)
        self.site = new_site(self.db)
        self.statuses: Counter[str] = Counter()
        self.longest = 0.0
        self.wrong: list[str] = []

    async def run(self, requests: Iterator[Hostile]) -> None:
        """Send them all, some at once."""
        clock = lambda: NOW  # noqa: E731
        spool = Spool(self.folder / "spool", clock, limits=SpoolLimits(segment_age=5))
        cache = SiteCache(self.db, clock)
        deps = IngestDeps(
            site_cache=cache,
            spool=spool,
            enricher=Enricher(Geography(country=None)),
            salts=lambda site, day: salt_of(self.db, site, day, now=NOW),
            clock=clock,
        )
        app = Application(routes(deps, Directory(self.db, cache, clock)))
        lanes = [self._lane(app, requests) for _ in range(TOGETHER)]
        await asyncio.gather(*lanes)
        await spool.close()

    async def _lane(self, app: Starlette, requests: Iterator[Hostile]) -> None:
        for request in requests:
            began = time.perf_counter()
            try:
                status, body = await asyncio.wait_for(_call(app, request), LONGEST)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
                self._note(request, f"{type(error).__name__}: {error}")
                continue
            self.longest = max(self.longest, time.perf_counter() - began)
            self.statuses[f"{request.path} {status}"] += 1
            if status not in ALLOWED or b"Traceback" in body:
                self._note(request, f"{status} {body[:200]!r}")

    def _note(self, request: Hostile, what: str) -> None:
        if len(self.wrong) < 20:
            self.wrong.append(f"{what}\n  for {request}"[:3_000])

    def load(self, warehouse: Warehouse) -> tuple[int, int]:
        """(events loaded, lines that ClickHouse refused) of what the spool holds."""
        with Loader(self.folder / "spool", warehouse, self.db, lambda: NOW) as loader:
            report = loader.drain()
        warehouse.execute("TRUNCATE TABLE events")
        if report.waiting:
            self.wrong.append(f"the loader waits: {report.waiting}")
        return report.events, report.failed_lines


async def _call(app: Starlette, request: Hostile) -> tuple[int, bytes]:
    scope: MutableMapping[str, Any] = {
        "type": "http", "http_version": "1.1", "method": request.method, "path": request.path,
        "raw_path": request.path.encode(), "query_string": request.query, "scheme": "http",
        "headers": request.headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "root_path": "",
    }  # fmt: skip
    parts = [request.body[: len(request.body) // 2], request.body[len(request.body) // 2 :]]
    status, answer = 0, b""

    async def receive() -> MutableMapping[str, Any]:
        part = parts.pop(0) if parts else b""
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, answer
        status = message.get("status", status)
        answer += message.get("body", b"")

    await app(scope, receive, send)
    return status, answer


def mutations(site: str, count: int, seed: int, until: float) -> Iterator[Hostile]:
    """So many requests of the generator, or fewer when the time is over."""
    generator = Generator(site, seed)
    for _ in range(count):
        if time.monotonic() > until:
            return
        yield generator.next()


def examples(site: str, count: int) -> list[Hostile]:
    """Hypothesis's examples of JSON, as events and as bodies."""
    found: list[Hostile] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(value=JSON)
    def collect(value: Any) -> None:
        if isinstance(value, dict):
            value = {"s": site, "i": "0123456789abcdef0123456789abcdef", **value}
        body = msgspec.json.encode(value)
        headers = [(b"user-agent", b"Mozilla/5.0")]
        paths = ("/e", "/api/event", "/matomo.php")
        found.extend(Hostile("POST", path, b"", headers, body) for path in paths)

    collect()
    return found


def follow_coverage(folder: Path, runs: int, seconds: int) -> str:
    """What atheris reports of so many bodies; why not, where it is not installed."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, request in enumerate(mutations("site", 400, 7, float("inf"))):
        (corpus / str(number)).write_bytes(request.body)
    command = [sys.executable, "-m", "tests.fuzz_coverage", f"-runs={runs}", "-seed=1",
               f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1",
               f"-artifact_prefix={folder}/", str(corpus)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named 'atheris'" in done.stderr:
        return "atheris is not installed"
    lines = done.stderr.splitlines()
    words = [line for line in lines if line.startswith(("Done", "stat::number_of_executed"))]
    if done.returncode:
        raise SystemExit(f"atheris found something:\n{done.stderr[-4_000:]}")
    return "; ".join(words)


def main() -> int:
    """Run, print the figures, and return 1 where anything was answered wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--examples", type=int, default=10_000, help="of Hypothesis")
    parser.add_argument("--coverage", type=int, default=200_000, help="bodies of atheris, at most")
    parser.add_argument("--seconds", type=int, default=3_600, help="stop after so long")
    parser.add_argument("--seed", type=int, default=1)
    given_ = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with open_warehouse("chdb://memory") as warehouse:
            migrate(warehouse)
            target = fuzz(
                Path(folder),
                warehouse,
                given_.requests,
                given_.examples,
                given_.seed,
                given_.seconds,
            )
        _say(f"by coverage: {follow_coverage(Path(folder), given_.coverage, 300)}")
    return 1 if target.wrong else 0


def fuzz(
    folder: Path,
    warehouse: Warehouse,
    requests: int,
    of_hypothesis: int,
    seed: int,
    seconds: float,
) -> Target:
    """Send the requests and load what was taken; prints the figures."""
    began = time.monotonic()
    until = began + seconds
    target = Target(folder)
    loaded = refused = 0
    asyncio.run(target.run(iter(examples(target.site.key, of_hypothesis))))
    for number, start in enumerate(range(0, requests, CHUNK)):
        count = min(CHUNK, requests - start)
        asyncio.run(target.run(mutations(target.site.key, count, seed + number, until)))
        events, failed = target.load(warehouse)
        loaded, refused = loaded + events, refused + failed
        seconds = time.monotonic() - began
        _say(f"{target.statuses.total()} answered, {loaded} events loaded, {seconds:.0f} s")
        if time.monotonic() > until:
            break
    target.db.dispose()
    if refused:
        target.wrong.append(f"ClickHouse refused {refused} lines")
    _say(
        f"statuses {dict(sorted(target.statuses.items()))}; the longest took {target.longest:.2f} s"
    )
    for line in target.wrong:
        _say(f"WRONG: {line}")
    return target


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
