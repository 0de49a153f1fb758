"""The calendar of a rebuild: which local days of which sites are read, and where they begin.

A visit slice is (site, local day, bucket); a bucket is a part of the visitors, dealt as the site's
plan has it for that day. Sessionising a day needs the day before as context.

Statements take days as runs (days that follow each other) of all sites that have them, because a
year of a thousand sites is one of them and a parameter has its limits: a server takes some 128 KiB,
planning reads it twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from tracker.accounts.buckets import BucketPlan, Dealing, dealing_for
from tracker.accounts.marks import Slice
from tracker.accounts.sites import Site
from tracker.period import day_start, parse_zone

_T = TypeVar("_T", bound=Hashable)
_Buckets = tuple[int, ...]
#: Days and buckets of a site, in order.
_Wanted = tuple[tuple[date, int], ...]

ONE_DAY = timedelta(days=1)
#: All 64 ranges of visitors.
EVERYBODY = (1 << 64) - 1

#: Days one after another, of several sites: sites, first day, number of days.
DayRun = tuple[list[str], date, int]
#: Slices of days one after another: sites, buckets, first day, number of days.
SliceRun = tuple[list[str], list[int], date, int]
#: A run with its instants, in seconds since 1970: sites, first day, where each day begins and,
#: last, where the run ends.
BoundRun = tuple[list[str], date, list[int]]
#: B, the shift of the visitor's number, and the wanted buckets of a day.
DealtDay = tuple[int, int, list[int]]
#: One row of the ``days`` parameter of visits/hits.sql: a run with its instants; timeout in ms; how
#: each of its days is dealt, and the day after each.
CalendarRow = tuple[list[str], date, list[int], int, DealtDay, DealtDay]


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

    def dealing(self, day: date) -> Dealing:
        """How the day's visitors are dealt into buckets."""
        return dealing_for(self.plans, day)

    def slices(self, day: date) -> list[Slice]:
        """Every visit slice of the day."""
        return [
            Slice("visits", self.site.key, day, number) for number in range(self.dealing(day).count)
        ]


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
    def brought(self) -> dict[str, object]:
        """Parameters: the same without the day before the first, which is read as context only."""
        return {**self.reach, "since": self.wanted_since}

    @property
    def dealt(self) -> dict[str, object]:
        """Parameters of the part ``dealt``: which visitors of which sites are read. Empty where
        those of all sites are."""
        masks: dict[str, int] = defaultdict(int)
        for sites, _, _, _, own, after in self.rows:
            mask = _ranges(*own) | _ranges(*after)
            for site in sites:
                masks[site] |= mask
        dealt = {site: mask for site, mask in masks.items() if mask != EVERYBODY}
        return {"dealt_sites": list(dealt), "dealt_masks": list(dealt.values())} if dealt else {}


def _ranges(count: int, shift: int, buckets: Sequence[int]) -> int:
    """In which sixty-fourths of all numbers the visitors of these buckets are, as bits."""
    if not buckets:
        return 0
    if count == 1 or not shift:
        return EVERYBODY
    if count > 64:
        return sum(1 << n for n in {one * 64 // count for one in buckets})
    wide = 64 // count
    return sum(((1 << wide) - 1) << one * wide for one in buckets)


def calendar_of(slices: Iterable[Slice], frames: Mapping[str, Frame]) -> Calendar:
    """The days to read for these visit slices: each slice's own, and the day before it."""
    # NOTE: thousands of sites have the same days and frame; their rows are made once.
    rows_of = cache(_calendar_rows)
    found = [
        (site, row)
        for site, wanted in _wanted((one.site, one.day, one.bucket) for one in slices)
        for row in rows_of(wanted, *_about(frames[site]))
    ]
    rows: list[CalendarRow] = [
        (
            of,
            first,
            instants(zone, first, count),
            timeout,
            (own.count, own.shift, list(wanted)),
            (after.count, after.shift, list(next_wanted)),
        )
        for (first, count, (zone, timeout, own, wanted, after, next_wanted)), of in together(found)
    ]
    return Calendar(
        rows=rows,
        sites=sorted({site for site, _ in found}),
        since=datetime.fromtimestamp(min(row[2][0] for row in rows), UTC),
        until=datetime.fromtimestamp(max(row[2][-1] for row in rows), UTC),
        wanted_since=datetime.fromtimestamp(min(row[2][0] for row in rows if row[4][2]), UTC),
    )


def _about(frame: Frame) -> tuple[str, int, tuple[BucketPlan, ...]]:
    return frame.site.timezone, frame.site.visit_timeout * 1000, tuple(frame.plans)


def _calendar_rows(
    wanted: _Wanted, zone: str, timeout: int, plans: Sequence[BucketPlan]
) -> list[tuple[date, int, tuple[str, int, Dealing, _Buckets, Dealing, _Buckets]]]:
    buckets = _by_day(wanted)

    def alike(day: date) -> tuple[str, int, Dealing, _Buckets, Dealing, _Buckets]:
        after = day + ONE_DAY
        own, next_own = dealing_for(plans, day), dealing_for(plans, after)
        return zone, timeout, own, buckets.get(day, ()), next_own, buckets.get(after, ())

    return runs_of(sorted(set(buckets) | {day - ONE_DAY for day in buckets}), alike)


def _wanted(slices: Iterable[tuple[str, date, int]]) -> Iterator[tuple[str, _Wanted]]:
    found: dict[str, set[tuple[date, int]]] = defaultdict(set)
    for site, day, bucket in slices:
        found[site].add((day, bucket))
    for site in sorted(found):
        yield site, tuple(sorted(found[site]))


def _by_day(wanted: _Wanted) -> dict[date, _Buckets]:
    days = groupby(wanted, key=itemgetter(0))
    return {day: tuple(bucket for _, bucket in of) for day, of in days}


def runs_of(days: Iterable[date], alike: Callable[[date], _T]) -> list[tuple[date, int, _T]]:
    """Days, given in order, as runs of which ``alike`` says the same: first, number, that."""
    runs: list[tuple[date, int, _T]] = []
    begun = after = 0
    for day in days:
        number, says = day.toordinal(), alike(day)
        if number == after and says == runs[-1][2]:
            runs[-1] = (runs[-1][0], number + 1 - begun, says)
        else:
            runs.append((day, 1, says))
            begun = number
        after = number + 1
    return runs


def instants(zone: str, first: date, count: int) -> list[int]:
    """Where each of these local days begins and, last, where they end: seconds since 1970."""
    return [_instant(zone, first + timedelta(days=number)) for number in range(count + 1)]


@lru_cache(maxsize=10_000)
def _instant(zone: str, day: date) -> int:
    return int(day_start(day, parse_zone(zone)).timestamp())


def day_runs(days: Iterable[tuple[str, date]]) -> list[DayRun]:
    """Days of sites as runs, in order."""
    return [(of, first, count) for of, _, first, count in slice_runs((*one, 0) for one in days)]


def bound_runs(runs: Iterable[DayRun], frames: Mapping[str, Frame]) -> list[BoundRun]:
    """These runs with their instants: each in as many as its sites have time zones."""
    return [
        (of, first, instants(zone, first, count))
        for sites, first, count in runs
        for zone, of in together((site, frames[site].site.timezone) for site in sites)
    ]


def slice_runs(slices: Iterable[tuple[str, date, int]]) -> list[SliceRun]:
    """Slices (site, day, bucket) as runs, in order."""
    runs = cache(_slice_runs)
    found = ((site, run) for site, wanted in _wanted(slices) for run in runs(wanted))
    return [(of, list(own), first, count) for (first, count, own), of in together(found)]


def _slice_runs(wanted: _Wanted) -> list[tuple[date, int, _Buckets]]:
    buckets = _by_day(wanted)
    return runs_of(buckets, buckets.__getitem__)


def together(said: Iterable[tuple[str, _T]]) -> list[tuple[_T, list[str]]]:
    """What is said of sites, each with those of which it is said, in order of the first of each."""
    sites: dict[_T, list[str]] = {}
    for site, about in said:
        sites.setdefault(about, []).append(site)
    return list(sites.items())
