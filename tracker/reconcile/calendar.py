"""The calendar of a rebuild: which local days of which sites are read, and where they begin.

A visit slice is (site, local day, bucket); a bucket is the visitor number modulo B, the site's
number of buckets on that day. Sessionising a day needs the day before as context.

Statements take days as runs (days of one site that follow each other), because a year of a site is
one of them and a parameter has its limits: a server takes some 128 KiB, planning reads it twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tracker.accounts.buckets import BucketPlan, buckets_for
from tracker.accounts.marks import Slice
from tracker.accounts.sites import Site
from tracker.period import day_start, parse_zone

ONE_DAY = timedelta(days=1)

#: Days of a site one after another: site, first day, number of days.
Run = tuple[str, date, int]
#: Visit slices of days one after another: site, bucket, first day, number of days.
SliceRun = tuple[str, int, date, int]
#: A run with its instants, in seconds since 1970: site, first day, where each day begins and,
#: last, where the run ends.
BoundRun = tuple[str, date, list[int]]
#: One row of the ``days`` parameter of visits/hits.sql: a run with its instants; timeout in ms;
#: B and the wanted buckets of each of its days, and of the day after each.
CalendarRow = tuple[str, date, list[int], int, int, list[int], int, list[int]]


@dataclass(frozen=True, slots=True)
class Frame:
    """A site with its bucket plan: everything that turns its days into instants and slices."""

    site: Site
    plans: Sequence[BucketPlan]

    def begin(self, day: date) -> datetime:
        """The instant at which the local day begins."""
        return day_start(day, parse_zone(self.site.timezone))

    def finish(self, day: date) -> datetime:
        """The instant at which the next local day begins."""
        return self.begin(day + ONE_DAY)

    def buckets(self, day: date) -> int:
        """B on that day."""
        return buckets_for(self.plans, day)

    def slices(self, day: date) -> list[Slice]:
        """Every visit slice of the day."""
        return [Slice("visits", self.site.key, day, number) for number in range(self.buckets(day))]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Parameters of one sessionising statement."""

    rows: list[CalendarRow]
    sites: list[str]
    since: datetime
    until: datetime

    @property
    def dealt(self) -> dict[str, object]:
        """Parameters of the part ``dealt``: which buckets of which sites are read. Empty if no site
        is dealt into the same buckets on all of its days here."""
        into: dict[str, set[int]] = defaultdict(set)
        wanted: dict[str, set[int]] = defaultdict(set)
        for site, _, _, _, count, buckets, next_count, next_buckets in self.rows:
            # A day that is read for the next one alone, or the last one, tells only of the other.
            into[site] |= {count} if buckets else set()
            into[site] |= {next_count} if next_buckets else set()
            wanted[site] |= {*buckets, *next_buckets}
        dealt = {site: min(counts) for site, counts in into.items() if len(counts) == 1}
        dealt = {site: count for site, count in dealt.items() if count > 1}
        if not dealt:
            return {}
        return {
            "dealt_sites": list(dealt),
            "dealt_into": list(dealt.values()),
            "wanted": [
                (site, bucket)
                for site in self.sites
                for bucket in (sorted(wanted[site]) if site in dealt else [0])
            ],
        }


def calendar_of(slices: Iterable[Slice], frames: Mapping[str, Frame]) -> Calendar:
    """The days to read for these visit slices: each slice's own, and the day before it."""
    wanted: dict[tuple[str, date], list[int]] = defaultdict(list)
    for piece in sorted(set(slices), key=lambda piece: piece.bucket):
        wanted[piece.site, piece.day].append(piece.bucket)
    needed = set(wanted) | {(site, day - ONE_DAY) for site, day in wanted}

    def alike(site: str, day: date) -> tuple[int, int, list[int], int, list[int]]:
        frame, after = frames[site], day + ONE_DAY
        return (
            frame.site.visit_timeout * 1000,
            frame.buckets(day),
            wanted.get((site, day), []),
            frame.buckets(after),
            wanted.get((site, after), []),
        )

    rows = [
        (site, first, instants(frames[site], first, count), *alike(site, first))
        for site, first, count in runs_of(needed, alike)
    ]
    return Calendar(
        rows=rows,
        sites=sorted({site for site, _ in needed}),
        since=datetime.fromtimestamp(min(row[2][0] for row in rows), UTC),
        until=datetime.fromtimestamp(max(row[2][-1] for row in rows), UTC),
    )


def runs_of(
    days: Iterable[tuple[str, date]], alike: Callable[[str, date], object]
) -> Iterator[Run]:
    """Runs of days of which ``alike`` says the same."""
    held: Run | None = None
    said: object = None
    for site, day in sorted(set(days)):
        says = alike(site, day)
        if held is not None:
            if held[0] == site and held[1] + timedelta(days=held[2]) == day and says == said:
                held = (site, held[1], held[2] + 1)
                continue
            yield held
        held, said = (site, day, 1), says
    if held is not None:
        yield held


def instants(frame: Frame, first: date, count: int) -> list[int]:
    """Where each of these local days begins and, last, where they end: seconds since 1970."""
    return [
        int(frame.begin(first + timedelta(days=number)).timestamp()) for number in range(count + 1)
    ]


def day_runs(days: Iterable[tuple[str, date]]) -> list[Run]:
    """Days of sites as runs, in order."""
    return list(runs_of(days, lambda *_: None))


def bound_runs(days: Iterable[tuple[str, date]], frames: Mapping[str, Frame]) -> list[BoundRun]:
    """Days of sites as runs with their instants, in order."""
    return [
        (site, first, instants(frames[site], first, count)) for site, first, count in day_runs(days)
    ]


def slice_runs(slices: Iterable[Slice]) -> list[SliceRun]:
    """Visit slices as runs, in order."""
    by_bucket: dict[int, list[tuple[str, date]]] = defaultdict(list)
    for piece in slices:
        by_bucket[piece.bucket].append((piece.site, piece.day))
    return [
        (site, bucket, first, count)
        for bucket, days in sorted(by_bucket.items())
        for site, first, count in day_runs(days)
    ]
