"""Reconcile: turn dirty marks into builds until nothing is dirty.

A round takes marks, of each site its share of the oldest, and rebuilds their slices: visits in
chunks of a bounded number of events, each chunk with the credit that follows from it in the same
build; then the credit and the spend that were marked themselves. Marks are cleared after their
build is published, and only if they were not set again meanwhile; a round that dies anywhere is
simply repeated. One lease lets one process reconcile at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic, sleep

from sqlalchemy import Engine

from tracker.accounts import leases, marks
from tracker.accounts.buckets import plans_of
from tracker.accounts.clock import Clock
from tracker.accounts.counters import next_number
from tracker.accounts.marks import Mark, Slice
from tracker.accounts.sites import find_sites
from tracker.errors import Unavailable
from tracker.reconcile.build import BuildContext, SliceRow, publish
from tracker.reconcile.calendar import ONE_DAY, Frame
from tracker.reconcile.clicks import stale_after, stale_by_look_ups
from tracker.reconcile.credit_build import (
    Fresh,
    affected_days,
    build_credits,
    customer_days,
    kinds_of,
    refresh_people,
)
from tracker.reconcile.pace import Pace
from tracker.reconcile.portions import (
    CHUNK_DAYS,
    CHUNK_SLICES,
    Portion,
    day_portions,
    spend_portions,
)
from tracker.reconcile.retention import is_final
from tracker.reconcile.spend_build import build_spend, resolve_new_sources
from tracker.reconcile.visit_build import build_visits
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

LEASE = "reconcile"
LEASE_TIME = timedelta(minutes=2)
#: Marks taken by one round, and at most so many of one site. A round of so many takes ten to
#: thirty seconds, and so long a new mark waits at most.
ROUND = 60_000
PER_SITE = 800
#: Runs of days of one build: the parameters of a server hold no more; those of the embedded engine
#: have no limit.
SERVER_RUNS = 400

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """What a reconcile did: builds published, slices in them, marks left for another time."""

    builds: int = 0
    slices: int = 0
    left: int = 0


class Reconciler:
    """Rebuilds what is dirty. ``memory`` bounds a statement, in bytes."""

    def __init__(
        self,
        warehouse: Warehouse,
        db: Engine,
        clock: Clock,
        *,
        holder: str,
        memory: int = 1 << 30,
    ) -> None:
        self._warehouse = warehouse
        self._db = db
        self._clock = clock
        self._holder = holder
        self._memory = memory

    def run(
        self,
        *,
        rounds: int | None = None,
        wait: float = 0.0,
        pace: Pace | None = None,
        progress: Callable[[Outcome], None] = lambda _: None,
    ) -> Outcome:
        """Rounds until nothing is dirty (or so many), or all that is rests by its ``pace``.

        Marks that are set while it runs are taken by a later round. Unavailable when another
        run holds the lease for longer than ``wait`` seconds.
        """
        lease = self._acquire(wait)
        outcome = Outcome()
        try:
            while rounds is None or rounds > 0:
                taken = marks.take(self._db, ROUND, PER_SITE)
                if pace is not None:
                    taken = pace.due(taken)
                if not taken:
                    break
                self._expand([mark for mark in taken if mark.slice.kind == "clicks"])
                for portion in self._builds(taken):
                    renewed = leases.renew(self._db, lease, LEASE_TIME, self._clock())
                    if renewed is None:
                        raise Unavailable("Another process has taken over reconciling.")
                    lease = renewed
                    began = monotonic()
                    self._publish(lease, portion, outcome)
                    if pace is not None:
                        pace.took(portion.slices, monotonic() - began)
                    progress(outcome)
                rounds = None if rounds is None else rounds - 1
        finally:
            leases.release(self._db, lease, self._clock())
        outcome.left = sum(entry.count for entry in marks.backlog(self._db))
        return outcome

    def _acquire(self, wait: float) -> leases.Lease:
        end = monotonic() + wait
        while True:
            lease = leases.acquire(self._db, LEASE, self._holder, LEASE_TIME, self._clock())
            if lease is not None:
                return lease
            if monotonic() >= end:
                raise Unavailable("Another run is reconciling.", hint="It will finish the work.")
            sleep(0.1)

    def _expand(self, told: Sequence[Mark]) -> None:
        """Days of new click look-ups become marks of the visits that they change."""
        if not told:
            return
        pieces = [mark.slice for mark in told]
        context = self._context(pieces)
        if context.frames:
            stale = stale_by_look_ups(context, [piece.day for piece in pieces])
            marks.mark(self._db, stale, now=self._clock())
        marks.clear(self._db, told)

    def _context(self, slices: Sequence[Slice]) -> BuildContext:
        """A new build for these slices."""
        frames = self._frames(slices)
        number = next_number(self._db, "build")
        return BuildContext(self._warehouse, self._db, frames, number, self._memory)

    def _builds(self, taken: Sequence[Mark]) -> Iterator[Portion]:
        """The marks in portions, each of one kind and each one build."""
        most_runs = CHUNK_SLICES if self._warehouse.embedded else SERVER_RUNS
        spend, visits, credit = (
            [mark for mark in taken if mark.slice.kind == kind]
            for kind in ("spend", "visits", "credits")
        )
        yield from spend_portions(spend)
        counts = self._event_counts([mark.slice for mark in visits])
        yield from day_portions(visits, counts, most_runs=most_runs)
        yield from day_portions(credit, {}, most_slices=CHUNK_DAYS, most_runs=most_runs)

    def _event_counts(self, slices: Sequence[Slice]) -> dict[tuple[str, date], int]:
        """Events of a slice of each day, about: its share of the UTC date that the local day mostly
        lies in; and of the days before these."""
        frames = self._frames(slices)
        known = [piece for piece in slices if piece.site in frames]
        if not known:
            return {}
        days = {piece.day for piece in known}
        rows = self._warehouse.rows(
            load_sql("tracker.reconcile", "event_counts.sql"),
            {
                "dates": sorted({day + ONE_DAY * n for day in days for n in (-2, -1, 0, 1)}),
                "sites": sorted({piece.site for piece in known}),
                "since": min(frames[p.site].begin(p.day - ONE_DAY) for p in known),
                "until": max(frames[p.site].finish(p.day) for p in known),
            },
        )
        return {
            (str(site), day): int(events) // frames[site].buckets(day) for site, day, events in rows
        }

    def _frames(self, slices: Iterable[Slice]) -> dict[str, Frame]:
        names = sorted({piece.site for piece in slices})
        plans = plans_of(self._db, names)
        return {
            name: Frame(site, plans[name]) for name, site in find_sites(self._db, names).items()
        }

    def _publish(self, lease: leases.Lease, portion: Portion, outcome: Outcome) -> None:
        slices = portion.slices
        context = self._context(slices)
        # A site that was deleted, or a day of which nothing is kept, has nothing to rebuild.
        now = self._clock()
        known = [piece for piece in slices if _is_open(context, piece, now)]
        rows = _rows_of(context, known, portion, now)
        if rows:
            if slices[0].kind == "visits":
                marks.mark(self._db, stale_after(context, slices), now=self._clock())
            if not leases.is_current(self._db, lease):
                raise Unavailable("Another process has taken over reconciling.")
            publish(context, rows)
            outcome.builds += 1
            outcome.slices += len(rows)
        marks.clear(self._db, portion.marks)
        log.debug("build %d published %d slices", context.number, len(rows))


def _is_open(context: BuildContext, piece: Slice, now: datetime) -> bool:
    frame = context.frames.get(piece.site)
    return frame is not None and not is_final(frame.site, piece, now)


def _rows_of(
    context: BuildContext,
    slices: Sequence[Slice],
    portion: Portion,
    now: datetime,
) -> list[SliceRow]:
    """Build these slices of the portion, all of one kind, and what follows from them where it can
    be built; returns what to publish."""
    if not slices:
        return []
    sites = {piece.site for piece in slices}
    kind = slices[0].kind
    if kind == "spend":
        return build_spend(context, slices)
    kinds = kinds_of(context, sites)
    moved = refresh_people(context, sites) if "contacts" in kinds else set()
    kinds |= {"people"} if moved else set()
    rows: list[SliceRow] = []
    days: set[tuple[str, date]] = set()
    if kind == "credits":
        days = {(piece.site, piece.day) for piece in slices}
    else:
        rows = build_visits(context, slices, events=portion.events, passes=portion.passes)
    fresh = Fresh(slices if kind == "visits" else ())
    if kind == "visits" or moved:
        days |= affected_days(context, fresh, moved, kinds)
    days = {one for one in days if _is_open(context, Slice("credits", *one), now)}
    if days:
        rows += build_credits(context, days, fresh, kinds)
    more = customer_days(context, days)
    if more := {one for one in more if _is_open(context, Slice("credits", *one), now)}:
        rows += build_credits(context, more, fresh, kinds, days)
    return rows + resolve_new_sources(context, sites)
