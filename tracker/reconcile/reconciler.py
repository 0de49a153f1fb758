"""Reconcile: turn dirty marks into builds until nothing is dirty.

A round takes marks, of each site its share of the oldest, and rebuilds their slices: visits in
chunks of a bounded number of events, each chunk with the credit that follows from it in the same
build; then the credit and the spend that were marked themselves. Marks are cleared after their
build is published, and only if they were not set again meanwhile; a round that dies anywhere is
simply repeated. One lease lets one process reconcile at a time.

A statement that the engine refuses for what one site holds, or that needs too much memory for it,
must keep no other waiting: its portion is built in halves, down to the days of the site that are
refused. These keep their marks, and the run says so when all else is built.

The hits of a portion are made while the one before it is finished and published, as neither keeps
all processors busy: hits follow from events alone, whatever is published meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from time import monotonic, sleep

from sqlalchemy import Engine

from tracker.accounts import leases, marks
from tracker.accounts.buckets import plans_of
from tracker.accounts.clock import Clock
from tracker.accounts.counters import next_number
from tracker.accounts.marks import Mark, Slice
from tracker.accounts.sites import find_sites
from tracker.errors import StatementUnfit, Unavailable
from tracker.reconcile.build import BuildContext, publish
from tracker.reconcile.calendar import ONE_DAY, Frame
from tracker.reconcile.clicks import stale_by_look_ups
from tracker.reconcile.hand import Hand
from tracker.reconcile.pace import Pace
from tracker.reconcile.portion_build import Begun, begin, finish
from tracker.reconcile.portions import (
    CHUNK_DAYS,
    CHUNK_SLICES,
    Portion,
    day_portions,
    spend_portions,
)
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

LEASE = "reconcile"
LEASE_TIME = timedelta(minutes=2)
#: Runs of days of one build: the parameters of a server hold no more; those of the embedded engine
#: have no limit.
SERVER_RUNS = 400
#: So many refusals of one run are looked into: with more it is not what some sites hold.
MOST_REFUSED = 100

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
        run holds the lease for longer than ``wait`` seconds. StatementUnfit, after all else is
        built, for slices that cannot be.
        """
        lease = self._acquire(wait)
        outcome, hand = Outcome(), Hand(rounds, pace)
        try:
            published = True
            while published:
                # What was set again while it was in hand is left for another time around.
                published = False
                with closing(self._ahead(self._portions(hand))) as portions:
                    refused = None
                    for begun in portions:
                        try:
                            self._publish(lease, begun, outcome, hand)
                        except StatementUnfit as reason:
                            refused = begun.portion, reason
                            break
                        published = True
                        progress(outcome)
                if refused is not None:
                    # What was begun after it is begun anew: numbers are in the order of what is
                    # published.
                    hand.slices = set(hand.refused)
                    self._apart(lease, *refused, outcome, hand)
                    published = True
        finally:
            leases.release(self._db, lease, self._clock())
        if hand.reason is not None:
            raise hand.reason
        outcome.left = sum(entry.count for entry in marks.backlog(self._db))
        return outcome

    def _apart(
        self,
        lease: leases.Lease,
        portion: Portion,
        reason: StatementUnfit,
        outcome: Outcome,
        hand: Hand,
    ) -> None:
        """Build all of a refused portion that can be."""
        hand.refusals += 1
        if hand.refusals > MOST_REFUSED:
            raise reason
        halves = portion.halves()
        if not halves:
            piece = portion.slices[0]
            log.warning("%s of %s on %s cannot be built: %s", *piece[:3], reason)
            hand.refuse(portion.slices, reason)
        for half in halves:
            try:
                self._publish(lease, self._begin(half), outcome, hand)
            except StatementUnfit as again:
                self._apart(lease, half, again, outcome, hand)

    def _portions(self, hand: Hand) -> Iterator[Portion]:
        """One round after another, as long as there are marks of what is not in hand."""
        while taken := hand.take(self._db):
            self._expand([mark for mark in taken if mark.slice.kind == "clicks"])
            for portion in self._builds(taken):
                hand.slices.update(portion.slices)
                yield portion

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
        # NOTE: what one slice has is seen when it is built.
        if len(slices) < 2:
            return {}
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
            },
        )
        return {
            (str(site), day): int(events) // frames[site].dealing(day).count
            for site, day, events in rows
        }

    def _frames(self, slices: Iterable[Slice]) -> dict[str, Frame]:
        names = sorted({piece.site for piece in slices})
        plans = plans_of(self._db, names)
        return {
            name: Frame(site, plans[name]) for name, site in find_sites(self._db, names).items()
        }

    def _ahead(self, portions: Iterable[Portion]) -> Generator[Begun, None, None]:
        """Each portion with its hits. Those of the next one are made while the caller is busy with
        one. Numbers are in the order of the portions."""
        ahead: Future[Begun] | None = None
        try:
            for portion in portions:
                begun = None if ahead is None else ahead.result()
                ahead = self._warehouse.threads.submit(self._begin, portion)
                if begun is not None:
                    yield begun
            if ahead is not None:
                yield ahead.result()
        finally:
            wait_for([] if ahead is None else [ahead])

    def _begin(self, portion: Portion) -> Begun:
        return begin(self._context(portion.slices), portion, self._clock())

    def _publish(self, lease: leases.Lease, begun: Begun, outcome: Outcome, hand: Hand) -> None:
        if begun.refused is not None:
            raise begun.refused
        started = monotonic()
        if leases.renew(self._db, lease, LEASE_TIME, self._clock()) is None:
            raise Unavailable("Another process has taken over reconciling.")
        context, portion = begun.context, begun.portion
        built = finish(begun)
        if built:
            if not leases.is_current(self._db, lease):
                raise Unavailable("Another process has taken over reconciling.")
            publish(context, built)
            outcome.builds += 1
            outcome.slices += sum(len(of) * len(into) * days for _, of, into, _, days in built)
        marks.clear(self._db, portion.marks)
        log.debug("build %d published %d runs of slices", context.number, len(built))
        hand.put_down(portion.slices, begun.seconds + monotonic() - started)
