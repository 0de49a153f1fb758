"""Hits, visits and sources of visit slices, made from events.

What the statements need depends on what the events have; ``look_at`` looks once, so that a small
slice without click ids, late copies or new sources does not wait for the planning of what would
find nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from tracker.accounts.marks import Slice
from tracker.reconcile.build import SUMS, BuildContext
from tracker.reconcile.calendar import Calendar, calendar_of
from tracker.reconcile.clicks import know_clicks, remember_clicks
from tracker.reconcile.portions import passes_of
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.visits"
#: From so many events on, sparing the sorting of most of them is worth planning it.
LARGE = 10_000


@dataclass(frozen=True)
class Look:
    """What the events have that visit slices are made of, those of the days before included."""

    slices: Sequence[Slice]
    calendar: Calendar
    events: int
    clicks: int
    has_repeated: bool
    has_late: bool
    has_news: bool

    @property
    def fresh(self) -> dict[str, object]:
        """Parameters: where the rows of the build lie."""
        days = [piece.day for piece in self.slices]
        return {"sites": self.calendar.sites, "first": min(days), "last": max(days)}

    @property
    def shares(self) -> list[dict[str, object]]:
        """Parameters of each of the statements into which the visitors of a large slice are dealt;
        the memory of each is that share of the whole."""
        passes = passes_of(len(self.slices), self.events)
        return [{"passes": passes, "pass": number} for number in range(passes)]

    def parts(self, *names: str) -> set[str]:
        """Those of these parts of statements that the events need."""
        needed = {
            "clicks": self.clicks > 0,
            "repeated": self.has_repeated,
            "late": self.has_late,
            "large": self.events >= LARGE,
            "dealt": bool(self.calendar.dealt),
        }
        return {name for name in names if needed[name]}


def look_at(context: BuildContext, slices: Sequence[Slice]) -> Look:
    """What the events of these slices, and of the days before them, have."""
    calendar = calendar_of(slices, context.frames)
    sql = load_sql(PACKAGE, "met.sql", frozenset({"dealt"} if calendar.dealt else ()))
    ((events, clicks, *has),) = context.warehouse.rows(sql, calendar.reach)
    return Look(slices, calendar, int(events), int(clicks), *map(bool, has))


def event_names(context: BuildContext, look: Look) -> frozenset[str]:
    """The names of all events of these slices, which are whole days of their sites."""
    sql = load_sql(PACKAGE, "event_names.sql")
    found = context.warehouse.rows(sql, look.calendar.brought)
    return frozenset(str(name) for (name,) in found)


def build_hits(context: BuildContext, look: Look, kinds: Future[frozenset[str]]) -> None:
    """Hits of the slices, and what is known of their click ids. ``kinds`` are those of their sites
    (``following.kinds_of``)."""
    reach, shares = look.calendar.reach, look.shares
    if look.clicks:
        brought = look.calendar.brought
        known = _known(context, look, brought)
        remember_clicks(context, brought, shares, known | look.parts("dealt"))
        looked = {"looked"} if "look_ups" in kinds.result() else set()
        know_clicks(context, reach, shares, looked | look.parts("dealt"))
    sessions = {
        "build": context.number,
        "days": look.calendar.rows,
        "wanted_since": look.calendar.wanted_since,
        **reach,
    }
    parts = look.parts("large", "dealt", "clicks", "repeated", "late")
    for share in shares:
        context.run(PACKAGE, "hits.sql", sessions | share, parts)


def _known(context: BuildContext, look: Look, brought: Mapping[str, object]) -> set[str]:
    """The part ``known`` where it is worth asking which of many click ids are there already: where
    half of them may be, so not of days that are built for the first time."""
    if not look.parts("large"):
        return set()
    ((known,),) = context.warehouse.rows(load_sql(PACKAGE, "known_clicks.sql"), brought)
    return {"known"} if 2 * int(known) > look.clicks else set()


def name_sources(context: BuildContext, look: Look) -> None:
    """The sources of these events and of their hits that are not known yet."""
    if look.has_news:
        context.run(PACKAGE, "sources.sql", look.calendar.reach, look.parts("dealt"))
    made = {"build": context.number, **look.fresh}
    if context.any(PACKAGE, "other_sources.sql", made):
        context.run(PACKAGE, "click_sources.sql", made)


def build_visits(context: BuildContext, look: Look) -> None:
    """Visits of the hits of this build, and their sums."""
    made = {"build": context.number, **look.fresh}
    parts = look.parts("clicks")
    for share in look.shares:
        context.run(PACKAGE, "visits.sql", made | share, parts)
    one, other = SUMS
    with context.beside(context.run, PACKAGE, one, made):
        context.run(PACKAGE, other, made)
