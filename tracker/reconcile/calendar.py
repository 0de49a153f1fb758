"""The calendar of a rebuild: which local days of which sites are read, and where they begin.

A visit slice is (site, local day, bucket); a bucket is the visitor number modulo B, the site's
number of buckets on that day. Sessionising a day needs the day before as context.

Statements take days as runs (days that follow each other) of all sites that have them, because a
year of a thousand sites is one of them and a parameter has its limits: a server takes some 128 KiB,
planning reads it twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from tracker.accounts.buckets import BucketPlan, buckets_for
from tracker.accounts.marks import Slice
from tracker.accounts.sites import Site
from tracker.period import day_start, parse_zone

_T = TypeVar("_T", bound=Hashable)
_Buckets = tuple[int, ...]

ONE_DAY = timedelta(days=1)
#: All remainders modulo 64.
EVERYBODY = (1 << 64) - 1

#: Days of a site one after another: site, first day, number of days.
Run = tuple[str, date, int]
#: The same days of several sites: sites, first day, number of days.
DayRun = tuple[list[str], date, int]
#: Slices of days one after another: sites, buckets, first day, number of days.
SliceRun = tuple[list[str], list[int], date, int]
#: A run with its instants, in seconds since 1970: sites, first day, where each day begins and,
#: last, where the run ends.
BoundRun = tuple[list[str], date, list[int]]
#: One row of the ``days`` parameter of visits/hits.sql: a run with its instants; timeout in ms;
#: B and the wanted buckets of each of its days, and of the day after each.
CalendarRow = tuple[list[str], date, list[int], int, int, list[int], int, list[int]]


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
    #: Where the first day begins that is not read for the next one alone.
    wanted_since: datetime

    @property
    def reach(self) -> dict[str, object]:
        """Parameters: which events are read."""
        return {"sites": self.sites, "since": self.since, "until": self.until, **self.dealt}

    @property
    def dealt(self) -> dict[str, object]:
        """Parameters of the part ``dealt``: which visitors of which sites are read. Empty where
        those of all sites are."""
        masks: dict[str, int] = defaultdict(int)
        for sites, _, _, _, count, buckets, next_count, next_buckets in self.rows:
            mask = _remainders(count, buckets) | _remainders(next_count, next_buckets)
            for site in sites:
                masks[site] |= mask
        dealt = {site: mask for site, mask in masks.items() if mask != EVERYBODY}
        return {"dealt_sites": list(dealt), "dealt_masks": list(dealt.values())} if dealt else {}


def _remainders(count: int, buckets: Iterable[int]) -> int:
    """Which remainders modulo 64 the visitors of these buckets of ``count`` have, as bits."""
    step = min(count, 64)
    return sum(1 << n for n in {n for one in buckets for n in range(one % step, 64, step)})


def calendar_of(slices: Iterable[Slice], frames: Mapping[str, Frame]) -> Calendar:
    """The days to read for these visit slices: each slice's own, and the day before it."""
    wanted: dict[tuple[str, date], list[int]] = defaultdict(list)
    for piece in sorted(set(slices), key=lambda piece: piece.bucket):
        wanted[piece.site, piece.day].append(piece.bucket)
    needed = set(wanted) | {(site, day - ONE_DAY) for site, day in wanted}

    def alike(site: str, day: date) -> tuple[str, int, int, _Buckets, int, _Buckets]:
        frame, after = frames[site], day + ONE_DAY
        return (
            frame.site.timezone,
            frame.site.visit_timeout * 1000,
            frame.buckets(day),
            tuple(wanted.get((site, day), ())),
            frame.buckets(after),
            tuple(wanted.get((site, after), ())),
        )

    found = (
        (site, (first, count, *alike(site, first))) for site, first, count in runs_of(needed, alike)
    )
    rows: list[CalendarRow] = [
        (
            of,
            first,
            instants(zone, first, count),
            timeout,
            into,
            list(own),
            next_into,
            list(next_own),
        )
        for (first, count, zone, timeout, into, own, next_into, next_own), of in _together(found)
    ]
    return Calendar(
        rows=rows,
        sites=sorted({site for site, _ in needed}),
        since=datetime.fromtimestamp(min(row[2][0] for row in rows), UTC),
        until=datetime.fromtimestamp(max(row[2][-1] for row in rows), UTC),
        wanted_since=datetime.fromtimestamp(min(row[2][0] for row in rows if row[5]), UTC),
    )


def runs_of(
    days: Iterable[tuple[str, date]], alike: Callable[[str, date], object]
) -> Iterator[Run]:
    """Runs of days of which ``alike`` says the same."""
    held, begun, said, first, after = "", 0, None, date.min, 0
    for site, day in sorted(set(days)):
        number, says = day.toordinal(), alike(site, day)
        if number != after or site != held or says != said:
            if begun:
                yield held, first, after - begun
            held, begun, said, first = site, number, says, day
        after = number + 1
    if begun:
        yield held, first, after - begun


def instants(zone: str, first: date, count: int) -> list[int]:
    """Where each of these local days begins and, last, where they end: seconds since 1970."""
    return [_instant(zone, first + timedelta(days=number)) for number in range(count + 1)]


@lru_cache(maxsize=10_000)
def _instant(zone: str, day: date) -> int:
    return int(day_start(day, parse_zone(zone)).timestamp())


def day_runs(days: Iterable[tuple[str, date]]) -> list[DayRun]:
    """Days of sites as runs, in order."""
    found = ((site, (first, count)) for site, first, count in runs_of(days, lambda *_: None))
    return [(of, first, count) for (first, count), of in _together(found)]


def bound_runs(days: Iterable[tuple[str, date]], frames: Mapping[str, Frame]) -> list[BoundRun]:
    """Days of sites as runs with their instants, in order."""
    found = (
        (site, (frames[site].site.timezone, first, count))
        for site, first, count in runs_of(days, lambda *_: None)
    )
    return [
        (of, first, instants(zone, first, count)) for (zone, first, count), of in _together(found)
    ]


def slice_runs(slices: Iterable[tuple[str, date, int]]) -> list[SliceRun]:
    """Slices (site, day, bucket) as runs, in order."""
    buckets: dict[tuple[str, date], list[int]] = defaultdict(list)
    for site, day, bucket in sorted(set(slices)):
        buckets[site, day].append(bucket)
    found = (
        (site, (tuple(buckets[site, first]), first, count))
        for site, first, count in runs_of(buckets, lambda site, day: buckets[site, day])
    )
    return [(of, list(own), first, count) for (own, first, count), of in _together(found)]


def _together(runs: Iterable[tuple[str, _T]]) -> list[tuple[_T, list[str]]]:
    """Sites that have the same said of them, and that, in order of the first of each."""
    sites: dict[_T, list[str]] = {}
    for site, about in runs:
        sites.setdefault(about, []).append(site)
    return list(sites.items())
