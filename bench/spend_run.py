"""One input of ``bench.spend``, measured in this process: ``MODE DIRECTORY ROWS``, JSON out."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import httpx
from sqlalchemy import Engine

from bench.ingest import prepare
from bench.spend_data import FIRST, Row, Shape, campaign_of, group_of, rows_of, write_report
from tracker.accounts import marks
from tracker.accounts.ad_accounts import AdAccount, upsert_ad_account
from tracker.accounts.database import open_database
from tracker.accounts.sites import Site, get_site
from tracker.period import Period
from tracker.reconcile.reconciler import Reconciler
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.credentials import Credentials, Grant
from tracker.spend.connectors.google import GoogleAds, GoogleSettings
from tracker.spend.connectors.http import Wire
from tracker.spend.connectors.progress import Tally
from tracker.spend.importer import SpendDeps, SpendOptions, import_spend_file
from tracker.spend.publication import BATCH, COLUMNS
from tracker.spend.pull import PullReport, PullTarget, pull_spend
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate

ACCOUNT = "1234567890"
KEYWORDS = 10_000
WEEK = 7


class Room:
    """A fresh installation with one site."""

    def __init__(self, data: Path, warehouse: Warehouse) -> None:
        self.data, self.warehouse = data, warehouse
        key = prepare(data)
        self.db: Engine = open_database(f"sqlite:///{data}/metadata.db")
        self.site: Site = get_site(self.db, key)
        upsert_ad_account(
            self.db, AdAccount(self.site.tenant, "google", ACCOUNT, "Bench", site=key)
        )

    @property
    def deps(self) -> SpendDeps:
        """What an import is given."""
        return SpendDeps(self.warehouse, self.db, clock, scratch=self.data)

    def marked(self) -> int:
        """Slices that wait for a rebuild."""
        return sum(entry.count for entry in marks.backlog(self.db))

    def reconcile(self) -> int:
        """Rebuild what is marked; how many slices that were."""
        outcome = Reconciler(self.warehouse, self.db, clock, holder="bench").run()
        return outcome.slices


def clock() -> datetime:
    """A fixed instant after the rows."""
    return datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


def main() -> None:
    """Measure one mode."""
    mode, data, rows = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    keywords = min(KEYWORDS, rows)
    shape = Shape(keywords, max(1, rows // keywords))
    with open_warehouse(f"chdb://{data}/warehouse") as warehouse:
        migrate(warehouse)
        room = Room(data, warehouse)
        work = {"raw": raw, "file": file, "simulator": simulator, "again": again}[mode]
        figures = work(room, shape)
    print(json.dumps(figures))  # noqa: T201


def raw(room: Room, shape: Shape) -> dict[str, Any]:
    """Rows that are ready as Python values, in the batches of the importer."""
    batches: list[list[tuple[object, ...]]] = [[]]
    for row in rows_of(shape, FIRST, shape.last):
        if len(batches[-1]) >= BATCH:
            batches.append([])
        batches[-1].append(_values(room.site.tenant, row))

    def insert(_: Callable[..., None]) -> None:
        for number, batch in enumerate(batches):
            room.warehouse.insert("spend", COLUMNS, batch, token=f"raw-{number}")

    return measured(insert, shape.rows)


def file(room: Room, shape: Shape) -> dict[str, Any]:
    """A report file through the importer."""
    path = write_report(room.data / "report.csv", shape)

    def work(progress: Callable[..., None]) -> None:
        options = SpendOptions(account=ACCOUNT)
        report = import_spend_file(room.deps, room.site, path, options, progress)
        assert report.rows == shape.rows, report

    found = measured(work, shape.rows)
    assert stored(room) == shape.rows
    return found


def simulator(room: Room, shape: Shape) -> dict[str, Any]:
    """A platform on loopback through its connector."""
    with platform(shape) as url:

        def work(progress: Callable[..., None]) -> None:
            report = pull(room, url, Period(FIRST, shape.last), Tally(progress))
            assert (report.rows, report.failure) == (shape.rows, None), report

        found = measured(work, shape.rows)
    assert stored(room) == shape.rows
    return found


def again(room: Room, shape: Shape) -> dict[str, Any]:
    """A week pulled again: as it was, then with one cost of one day corrected."""
    week = Shape(shape.keywords, WEEK)
    days = Period(FIRST, week.last)
    with platform(week) as url:
        pull(room, url, days)
    first = room.reconcile()
    with platform(week) as url:
        unchanged = measured(lambda _: pull(room, url, days), week.rows)
        marked = room.marked()
    with platform(week, FIRST + timedelta(days=3)) as url:
        report = pull(room, url, days)
    changed = room.marked()
    return {
        "rows pulled again": week.rows,
        "rows/s pulled again unchanged": unchanged["rows/s"],
        "slices rebuilt by the first pull": first,
        "slices marked, unchanged": marked,
        "days replaced, one cost corrected": report.replaced,
        "slices marked, one cost corrected": changed,
        "slices rebuilt, one cost corrected": room.reconcile(),
    }


def pull(room: Room, url: str, days: Period, tally: Tally | None = None) -> PullReport:
    """One pull from the platform."""

    async def run() -> PullReport:
        async with httpx.AsyncClient() as client:
            wire = Wire("Google Ads", client, tally=tally or Tally())
            settings = GoogleSettings(api_url=url, token_url=f"{url}/token")
            connector = GoogleAds(_Kept(), wire, settings)
            account = AccountRef(ACCOUNT, currency="CNY", timezone="Asia/Shanghai")
            target = PullTarget(room.site.tenant, connector, account)
            return await pull_spend(room.deps, target, days)

    return asyncio.run(run())


class _Kept(Credentials):
    """An access token that the simulator takes."""

    async def get(self) -> Grant:
        return Grant({"access_token": "bench"})

    async def store(self, grant: Grant) -> None:
        raise AssertionError(grant)

    def lock(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()


@contextmanager
def platform(shape: Shape, bumped: date | None = None) -> Iterator[str]:
    """The simulator in a process of its own: its address."""
    words = [sys.executable, "-m", "bench.spend_platform", ACCOUNT]
    words += [str(shape.keywords), str(shape.days), bumped.isoformat() if bumped else ""]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(20)


def measured(work: Callable[[Callable[..., None]], object], rows: int) -> dict[str, Any]:
    """Rate, processor time, memory above the start, and when progress was first told."""
    first: list[float] = []
    start = perf_counter()

    def progress(*_: object) -> None:
        if not first:
            first.append(perf_counter() - start)

    before, used = resident(), process_time()
    with watched() as peak:
        work(progress)
    seconds = perf_counter() - start
    return {
        "rows": rows,
        "rows/s": round(rows / seconds),
        "cpu us a row": round(1e6 * (process_time() - used) / rows, 1),
        "MiB above the opened engine": round((peak["VmRSS"] - before["VmRSS"]) / 2**20),
        "MiB resident, peak": round(peak["VmRSS"] / 2**20),
        "MiB private of it, peak": round(peak["RssAnon"] / 2**20),
        "s to the first progress": round(first[0], 2) if first else None,
    }


@contextmanager
def watched() -> Iterator[dict[str, int]]:
    """The peaks of memory, looked at every 20 ms."""
    peak, stop = resident(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            for name, size in resident().items():
                peak[name] = max(peak[name], size)
            sleep(0.02)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def resident() -> dict[str, int]:
    """Bytes of this process in memory (VmRSS), and those that are its own (RssAnon): the others
    are the engine's program, mapped from its file and given back when memory is short."""
    lines = Path("/proc/self/status").read_text().splitlines()
    cells = [line.split() for line in lines if line.startswith(("VmRSS:", "RssAnon:"))]
    return {name.rstrip(":"): int(size) << 10 for name, size, _ in cells}


def stored(room: Room) -> int:
    """Rows in ``spend``."""
    return int(room.warehouse.rows("SELECT count() FROM spend")[0][0])


def _values(tenant: str, row: Row) -> tuple[object, ...]:
    n = row.number
    return (
        tenant, "google", ACCOUNT, row.day, row.day, "", 1,
        f"Pumps {campaign_of(n)}", f"Group {group_of(n)}", f"submersible pump {n}", "exact",
        str(9000 + campaign_of(n)), str(70_000 + group_of(n)), str(500_000 + n), "", "",
        "keyword", "", "CNY", row.impressions, row.clicks, Decimal(row.micros).scaleb(-6),
        Decimal(row.clicks % 3), None,
    )  # fmt: skip


if __name__ == "__main__":
    main()
