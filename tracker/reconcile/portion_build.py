"""Build one portion of slices: first the hits of visits, which follow from events alone, then all
that follows from them, or from spend and credit that were marked themselves. Nothing is published
here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic

from tracker.accounts import marks
from tracker.accounts.marks import Slice
from tracker.errors import StatementUnfit
from tracker.reconcile.build import BuildContext, BuiltRun
from tracker.reconcile.clicks import stale_after
from tracker.reconcile.conversion_build import build_goals, build_stages
from tracker.reconcile.credit_build import build_credit
from tracker.reconcile.following import (
    Following,
    Fresh,
    affected_days,
    customer_days,
    goal_days,
    kinds_of,
    refresh_people,
)
from tracker.reconcile.portions import Portion
from tracker.reconcile.retention import is_final
from tracker.reconcile.spend_build import build_spend, resolve_new_sources
from tracker.reconcile.visit_build import (
    Look,
    build_hits,
    build_visits,
    event_names,
    look_at,
    name_sources,
)


@dataclass(frozen=True, slots=True)
class Begun:
    """A portion of which there are hits, if it is one of visits: what is left of its slices, what
    their events and their sites have, the names of all events of its days if they are known, as of
    when, how many seconds that took, and why it went no further."""

    portion: Portion
    context: BuildContext
    slices: Sequence[Slice]
    look: Look | None
    kinds: frozenset[str]
    names: frozenset[str] | None
    now: datetime
    seconds: float
    refused: StatementUnfit | None


def begin(context: BuildContext, portion: Portion, now: datetime) -> Begun:
    """Make the hits of a portion, if it is one of visits."""
    started = monotonic()
    # A site that was deleted, or a day of which nothing is kept, has nothing to rebuild.
    known = _open(context, portion.slices, now)
    look = refused = None
    kinds: frozenset[str] = frozenset()
    names: frozenset[str] | None = None
    try:
        if known and known[0].kind != "spend":
            with context.beside(kinds_of, context, {piece.site for piece in known}) as found:
                if known[0].kind == "visits":
                    look = look_at(context, known)
                    context = context.of_events(look.events)
                    names = _hits_and_names(context, look, found)
            kinds = found.result()
    except StatementUnfit as reason:
        refused = reason
    seconds = monotonic() - started
    return Begun(portion, context, known, look, kinds, names, now, seconds, refused)


def _hits_and_names(
    context: BuildContext, look: Look, kinds: Future[frozenset[str]]
) -> frozenset[str] | None:
    """Make hits; the names of the events of so few whole days that asking for them beside the hits
    saves more than asking the hits."""
    if look.parts("large") or any(
        context.frames[piece.site].dealing(piece.day).count > 1 for piece in look.slices
    ):
        build_hits(context, look, kinds)
        return None
    with context.beside(event_names, context, look) as names:
        build_hits(context, look, kinds)
    return names.result()


def finish(begun: Begun) -> list[BuiltRun]:
    """Build what the slices need besides hits, and what follows from them where it can be built;
    returns what to publish."""
    context, slices, now = begun.context, begun.slices, begun.now
    if not slices:
        return []
    if slices[0].kind == "spend":
        return build_spend(context, slices)
    if begun.look is None:
        following = _convert(begun, Fresh(()), {(piece.site, piece.day) for piece in slices})
        resolved = resolve_new_sources(context, {piece.site for piece in slices})
        return [*build_credit(context, following), *resolved]
    fresh = Fresh(slices)
    # Visits, sources and conversions need the hits alone; credit needs the visits and conversions;
    # what is resolved are the sources of hits and those that conversions brought.
    with context.beside(build_visits, context, begun.look) as visits:
        with context.beside(name_sources, context, begun.look):
            following = _convert(begun, fresh, set())
        with context.beside(_credit_after, visits, context, following) as credit:
            resolved = resolve_new_sources(context, {piece.site for piece in slices})
            marks.mark(context.db, stale_after(context, slices), now=now)
    built: list[BuiltRun] = [("visits", *run) for run in fresh.runs]
    return [*built, *credit.result(), *resolved]


def _credit_after(
    visits: Future[None], context: BuildContext, following: Following
) -> list[BuiltRun]:
    visits.result()
    return build_credit(context, following)


def _convert(begun: Begun, fresh: Fresh, days: Collection[tuple[str, date]]) -> Following:
    """The conversions of these (site, day), and of those that follow from the fresh slices and from
    each other, without their credit."""
    context = begun.context

    def still_open(found: Collection[tuple[str, date]]) -> set[tuple[str, date]]:
        if not context.forgetting:
            return set(found)
        pieces = _open(context, (Slice("credits", *one) for one in found), begun.now)
        return {(piece.site, piece.day) for piece in pieces}

    kinds = begun.kinds
    sites = {site for site, _ in days} | {piece.site for piece in fresh.slices}
    moved = refresh_people(context, sites) if "contacts" in kinds else set()
    following = Following(fresh, kinds)
    known = still_open({*days, *goal_days(context, fresh)})
    with context.beside(affected_days, context, fresh, moved, kinds, known) as affected:
        build_goals(context, following, known, begun.names)
    more = still_open(affected.result()) - known
    build_goals(context, following, more)
    build_stages(context, following, known | more)
    customers = still_open(customer_days(context, following.days))
    build_goals(context, following, customers)
    build_stages(context, following, customers)
    return following


def _open(context: BuildContext, slices: Iterable[Slice], now: datetime) -> list[Slice]:
    frames, forgetting = context.frames, context.forgetting
    return [
        piece
        for piece in slices
        if piece.site in frames
        and (
            piece.site not in forgetting
            or not is_final(frames[piece.site].site, context.goals[piece.site], piece, now)
        )
    ]
