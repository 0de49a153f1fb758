"""The calendar of a rebuild: which local days of which sites are read, and where they begin.

A visit slice is (site, local day, bucket); a bucket is the visitor number modulo B, the site's
number of buckets on that day. Sessionising a day needs the day before as context.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tracker.accounts.buckets import BucketPlan, buckets_for
from tracker.accounts.marks import Slice
from tracker.accounts.sites import Site
from tracker.period import day_start, parse_zone

ONE_DAY = timedelta(days=1)

#: One row of the ``days`` parameter of visits/hits.sql.
CalendarRow = tuple[str, date, datetime, datetime, int, int, list[int], int, list[int]]


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


def calendar_of(slices: Iterable[Slice], frames: Mapping[str, Frame]) -> Calendar:
    """The days to read for these visit slices: each slice's own, and the day before it."""
    wanted: dict[tuple[str, date], set[int]] = defaultdict(set)
    for piece in slices:
        wanted[piece.site, piece.day].add(piece.bucket)
    needed = set(wanted) | {(site, day - ONE_DAY) for site, day in wanted}
    rows: list[CalendarRow] = []
    for site, day in sorted(needed):
        frame = frames[site]
        rows.append(
            (
                site,
                day,
                frame.begin(day),
                frame.finish(day),
                frame.site.visit_timeout * 1000,
                frame.buckets(day),
                sorted(wanted.get((site, day), ())),
                frame.buckets(day + ONE_DAY),
                sorted(wanted.get((site, day + ONE_DAY), ())),
            )
        )
    return Calendar(
        rows=rows,
        sites=sorted({site for site, _ in needed}),
        since=min(row[2] for row in rows),
        until=max(row[3] for row in rows),
    )
