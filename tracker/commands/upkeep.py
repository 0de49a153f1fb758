"""Keeping data in order: spooled events are loaded, and whatever is dirty is rebuilt."""

from __future__ import annotations

from datetime import date

import msgspec

from tracker.accounts import marks
from tracker.accounts.sites import get_site
from tracker.commands.progress import Progress, silent
from tracker.errors import InvalidInput, Unavailable
from tracker.ingest.refusals import requeue as requeue_failed
from tracker.parts import Parts
from tracker.period import parse_day
from tracker.reconcile.marking import mark_visits
from tracker.reconcile.reconciler import Outcome
from tracker.requests.upkeep import Rebuild, Reconcile, Requeue


class Reconciled(msgspec.Struct, frozen=True):
    """What a reconcile did; ``left`` slices were marked while it ran."""

    events: int
    builds: int
    slices: int
    left: int


def reconcile(parts: Parts, _: Reconcile, progress: Progress) -> Reconciled:
    """Load what has been acknowledged, then rebuild until nothing is dirty."""
    return settle(parts, progress)


def rebuild(parts: Parts, request: Rebuild, progress: Progress) -> Reconciled:
    """Make every derived row of the site again, or those of some days, both included."""
    site = get_site(parts.db, request.site)
    begin = parse_day(request.first) if request.first else date.min
    end = parse_day(request.last) if request.last else date.max
    if begin > end:
        raise InvalidInput(
            f"The period ends before it begins: {request.first} to {request.last}.",
            hint="Swap --from and --to.",
        )
    mark_visits(parts.warehouse, parts.db, site, begin, end)
    return settle(parts, progress)


def requeue(parts: Parts, _: Requeue, __: Progress) -> object:
    """Put refused segments back into the spool and load them."""
    count = requeue_failed(parts.settings.spool, parts.clock)
    return {"segments": count, "events": load(parts)}


def load(parts: Parts) -> int:
    """Load what has been acknowledged; Unavailable with the reason when it has to wait."""
    report = parts.drain_acknowledged()
    if report.waiting:
        raise Unavailable(
            f"Events wait in {parts.settings.spool}: {report.waiting}",
            hint="Nothing is lost; they are loaded when the cause is gone.",
        )
    return report.events


def settle(parts: Parts, progress: Progress = silent) -> Reconciled:
    """Load what has been acknowledged, then rebuild until nothing is dirty."""
    events = load(parts)
    whole = sum(entry.count for entry in marks.backlog(parts.db))

    def watched(outcome: Outcome) -> None:
        progress(min(outcome.slices, whole), whole)

    outcome = parts.reconciler().run(progress=watched, wait=300.0)
    return Reconciled(events, outcome.builds, outcome.slices, outcome.left)
