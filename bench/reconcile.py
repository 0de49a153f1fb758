"""Reconciling: one slice, a steady stream over many sites, and everything from nothing.

    python -m bench.reconcile [--full] [--only nothing|slice|stream|late] [--json]

Facts are made by the engine from numbers (``bench/reconcile_events.sql``); what is measured is the
reconciler, in this process, on the embedded engine on disk.

- nothing: all derived tables of an account from facts alone, which are merged before: wall and
  processor seconds, and the highest resident memory of the process. ``--full``: a site with 10
  million events in a year among 2,000 small ones with 7,500 each, 25 million in all; else a
  hundredth of that.
- slice: a day of a small site, without orders and with some, and one of a site whose visitors left
  contacts and that has leads, gets one more visit and is rebuilt: median of wall and processor ms.
- stream: 500 sites get 200 events/s in the first minutes of a day; every minute what is dirty is
  rebuilt: the share of one core.
- late: the same at eleven at night, when each site has all events of that day and of the one before
  in as many buckets as it would be given. ``--full``: 500 sites, 35 million events; else 20 sites
  with 0.4 events/s each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from typing import Any

from tracker.accounts.buckets import add_bucket_plan, shift_of
from tracker.accounts.goals import add_goal
from tracker.accounts.marks import Slice, mark
from tracker.accounts.sites import add_site, find_sites
from tracker.accounts.tenants import add_tenant
from tracker.commands.conversions import offline_deps
from tracker.config import load_settings
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.parts import Parts, open_parts
from tracker.reconcile.bucket_plans import buckets_of
from tracker.warehouse.sql import load_sql

FIRST = date(2025, 1, 1)
DAYS = 365
BUCKETS = 128
EVENTS_OF_A_VISIT = 5
#: Days of one insert: more than a hundred partitions are refused.
SPAN = 50
MINUTES = 5
STREAM_SITES = 500
#: Visits of a site in a minute: 200 events/s over 500 sites.
STREAM_VISITS = 200 * 60 // EVENTS_OF_A_VISIT // STREAM_SITES
DAY = 86_000


@dataclass(frozen=True, slots=True)
class Scale:
    """Visits of a day of the big site, how many small sites there are, and for how many days; sites
    of the stream late in the day."""

    big_visits: int
    small_sites: int
    days: int
    late_sites: int


FULL = Scale(5_479, 2_000, DAYS, 500)
QUICK = Scale(548, 200, 37, 20)
#: Visits of a day of a small site: 7,500 events in a year.
SMALL_VISITS = 4
#: Visits of a day that has a few orders: one visit in a hundred ends with one.
BUSY_VISITS = 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", choices=tuple(PARTS))
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(load_settings({}), data=Path(folder) / "data")
        with open_parts(settings, loader=False) as parts:
            account = Account(parts)
            for name, measure in PARTS.items():
                if given.only in (None, name):
                    figures |= measure(account, FULL if given.full else QUICK)
    if given.json:
        sys.stdout.write(f"{json.dumps(figures)}\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:56} {value}\n")


class Account:
    """Sites of one tenant, and facts of theirs."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.tenant = add_tenant(parts.db, name="Bench").id
        self._salt = 0

    def sites(self, count: int, *, buckets: int = 1) -> list[str]:
        """New sites with one goal each; their keys."""
        keys = []
        for number in range(count):
            site = add_site(
                self.parts.db,
                tenant=self.tenant,
                name=f"site {number}",
                domains=[f"site{number}.example"],
                timezone="UTC",
                currency="CNY",
            )
            add_goal(self.parts.db, site=site.key, name="order", kind="event", pattern="order")
            if buckets > 1:
                add_bucket_plan(self.parts.db, site.key, FIRST, buckets)
            keys.append(site.key)
        return keys

    def visits(
        self, sites: Sequence[str], first: date, days: int, visits: int, *, since: int, span: int
    ) -> None:
        """So many visits of each site on each of the days, between these seconds of the day."""
        self._salt += 1
        for low in range(0, days, SPAN):
            self.parts.warehouse.execute(
                load_sql("bench", "reconcile_events"),
                {
                    "sites": list(sites),
                    "first": first + timedelta(days=low),
                    "days": min(SPAN, days - low),
                    "visits": visits,
                    "salt": self._salt * 1000 + low,
                    "since": since,
                    "span": span,
                },
            )

    def buckets(self, sites: Sequence[str], day: date, into: int) -> dict[tuple[str, int], int]:
        """How many events each of so many buckets of these sites has on the day."""
        sql = (
            "SELECT site, bitShiftRight(visitor, {shift:UInt8}) AS bucket, count() FROM events"
            " WHERE site IN {sites:Array(String)} AND toDate(time) = {day:Date} GROUP BY ALL"
        )
        about = {"sites": list(sites), "day": day, "shift": shift_of(into)}
        rows = self.parts.warehouse.rows(sql, about)
        return {(str(site), int(bucket)): int(count) for site, bucket, count in rows}

    def leads(self, site: str) -> None:
        """Forty visitors of a site have left a contact, and sixty leads, of which each third is an
        order: forty by click ids that came, twenty by an e-mail that nobody left."""
        warehouse, about = self.parts.warehouse, {"site": site}
        warehouse.execute(
            "INSERT INTO identities (site, kind, hash, visitor, time)"
            " SELECT site, 'email', lower(hex(SHA256(toString(visitor)))), visitor, min(time)"
            " FROM events WHERE site = {site:String}"
            " GROUP BY site, visitor ORDER BY visitor LIMIT 40",
            about,
        )
        clicks = warehouse.rows(
            "SELECT click_id FROM events WHERE site = {site:String} AND click_id != ''"
            " GROUP BY click_id ORDER BY click_id LIMIT 40",
            about,
        )
        entries = [
            Entry(
                id=f"lead{number}",
                stage="order" if number % 3 == 0 else "inquiry",
                time=(FIRST + timedelta(days=1 + number % 20)).isoformat(),
                value=Decimal(100),
                currency="CNY",
                click_id=click,
                email="" if click else f"buyer{number}@mail.example",
            )
            for number, click in enumerate([*(click for (click,) in clicks), *[""] * 20])
        ]
        owner = find_sites(self.parts.db, [site])[site]
        take_entries(offline_deps(self.parts, owner), owner, entries)

    def mark(self, sites: Sequence[str], days: int, buckets: int = 1) -> None:
        """Mark every slice of these sites and days."""
        mark(self.parts.db, _slices(sites, days, buckets))

    def reconcile(self) -> None:
        """Until nothing is dirty."""
        self.parts.reconciler().run()


def _slices(sites: Sequence[str], days: int, buckets: int) -> Iterator[Slice]:
    for site in sites:
        for number in range(days):
            for bucket in range(buckets):
                yield Slice("visits", site, FIRST + timedelta(days=number), bucket)


def from_nothing(account: Account, scale: Scale) -> dict[str, Any]:
    """Every derived table from facts alone."""
    big = account.sites(1, buckets=BUCKETS)
    small = account.sites(scale.small_sites)
    account.visits(big, FIRST, scale.days, scale.big_visits, since=0, span=DAY)
    for start in range(0, len(small), 100):
        group = small[start : start + 100]
        account.visits(group, FIRST, scale.days, SMALL_VISITS, since=0, span=DAY)
    # Facts of a year have been merged long before; these would be beside what is measured.
    account.parts.warehouse.execute("OPTIMIZE TABLE events FINAL")
    account.mark(big, scale.days, BUCKETS)
    account.mark(small, scale.days)
    resident = _resident(since_now=True)
    wall, used = _timed(account.reconcile)
    events = account.parts.warehouse.rows("SELECT count() FROM hits")[0][0]
    return {
        "from nothing, events": events,
        "from nothing, wall s": round(wall, 1),
        "from nothing, processor s": round(used, 1),
        "from nothing, events/s by processor": round(events / used),
        "from nothing, highest resident MiB": _resident(),
        "from nothing, of it before": resident,
    }


def one_slice(account: Account, _: Scale) -> dict[str, Any]:
    """A day of a small site with one more visit: a day without orders, one with some, and one of a
    site with contacts and leads."""
    site, desk = account.sites(2)
    for one in (site, desk):
        account.visits([one], FIRST, 1, BUSY_VISITS, since=0, span=DAY)
        account.visits([one], FIRST + timedelta(days=1), 29, SMALL_VISITS, since=0, span=DAY)
    account.leads(desk)
    account.mark([site, desk], 30)
    account.reconcile()
    found = account.parts.warehouse.rows(
        "SELECT countIf(site = {site:String} AND day = {day:Date}), countIf(matched = 'click_id')"
        " FROM conversions",
        {"site": site, "day": FIRST},
    )
    figures: dict[str, Any] = {
        "one slice, orders of the day with some": found[0][0],
        "one slice, stages of leads that click ids tell whose they are": found[0][1],
    }
    for name, where, offset in (
        ("without orders", site, 1),
        ("with orders", site, 0),
        ("with contacts and leads", desk, 3),
    ):
        times = []
        for number in range(15):
            day = FIRST + timedelta(days=offset)
            account.visits([where], day, 1, 1, since=1000 * number, span=60)
            mark(account.parts.db, [Slice("visits", where, day, 0)])
            times.append(_timed(account.reconcile))
        wall, used = (median(column) * 1000 for column in zip(*times, strict=True))
        figures[f"one slice of a small site, {name}, wall ms"] = round(wall)
        figures[f"one slice of a small site, {name}, processor ms"] = round(used)
    return figures


def stream(account: Account, _: Scale) -> dict[str, Any]:
    """200 events/s over 500 sites, reconciled every minute."""
    sites = account.sites(STREAM_SITES)
    used = 0.0
    for minute in range(MINUTES + 1):
        since = 10 * 3600 + 60 * minute
        account.visits(sites, FIRST, 1, STREAM_VISITS, since=since, span=40)
        account.mark(sites, 1)
        spent = _timed(account.reconcile)[1]
        used += spent if minute else 0.0
    return {
        "200 events/s over 500 sites, share of one core": round(used / MINUTES / 60, 3),
        "200 events/s over 500 sites, processor s a minute": round(used / MINUTES, 2),
    }


def late(account: Account, scale: Scale) -> dict[str, Any]:
    """The stream at the end of a day: every minute touches some of the buckets of each site."""
    whole = STREAM_VISITS * 24 * 60
    into = buckets_of(whole * EVENTS_OF_A_VISIT)
    sites = account.sites(scale.late_sites, buckets=into)
    for start in range(0, len(sites), 100):
        account.visits(sites[start : start + 100], FIRST, 2, whole, since=0, span=DAY)
    # A day's events come over a day, and most of their merges were done long before its last hour.
    account.parts.warehouse.execute("OPTIMIZE TABLE events FINAL")
    day = FIRST + timedelta(days=1)
    used = 0.0
    touched = 0
    for minute in range(MINUTES + 1):
        before = account.buckets(sites, day, into)
        since = 23 * 3600 + 60 * minute
        account.visits(sites, day, 1, STREAM_VISITS, since=since, span=40)
        after = account.buckets(sites, day, into)
        dirty = [key for key, count in after.items() if before.get(key) != count]
        mark(account.parts.db, [Slice("visits", site, day, bucket) for site, bucket in dirty])
        spent = _timed(account.reconcile)[1]
        used += spent if minute else 0.0
        touched += len(dirty) if minute else 0
    name = f"late in the day, {scale.late_sites} sites with 0.4 events/s"
    return {
        f"{name}, share of one core": round(used / MINUTES / 60, 3),
        f"{name}, processor s a minute": round(used / MINUTES, 2),
        f"{name}, slices a minute": round(touched / MINUTES),
    }


PARTS: dict[str, Callable[[Account, Scale], dict[str, Any]]] = {
    "slice": one_slice,
    "stream": stream,
    "late": late,
    "nothing": from_nothing,
}


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    wall, used = monotonic(), process_time()
    work()
    return monotonic() - wall, process_time() - used


def _resident(*, since_now: bool = False) -> int:
    """The highest resident memory, MiB: so far, or begun anew with what there is now (Linux)."""
    if since_now:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) >> 10


if __name__ == "__main__":
    main()
