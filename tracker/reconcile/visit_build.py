"""Hits, visits and sources of visit slices, made from events.

What the statements need depends on what the events have; ``met.sql`` looks once, so that a small
slice without click ids, late copies or new sources does not wait for the planning of what would
find nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracker.accounts.marks import Slice
from tracker.reconcile.build import SUMS, BuildContext, SliceRow
from tracker.reconcile.calendar import calendar_of
from tracker.reconcile.clicks import know_clicks
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.visits"
#: From so many events on, sparing the sorting of most of them is worth planning it.
LARGE = 10_000


def build_visits(
    context: BuildContext, slices: Sequence[Slice], *, events: int = LARGE, passes: int = 1
) -> list[SliceRow]:
    """Hits, visits and sources of the visit slices; returns what is to be published.

    ``events``: about how many are read. ``passes``: into how many statements the visitors of large
    slices are dealt; the memory of each is that share of the whole.
    """
    calendar = calendar_of(slices, context.frames)
    reach = {
        "sites": calendar.sites,
        "since": calendar.since,
        "until": calendar.until,
        **calendar.dealt,
    }
    shares = [{"passes": passes, "pass": number} for number in range(passes)]
    large = {"large"} if events >= LARGE else set()
    dealt = {"dealt"} if calendar.dealt else set()
    look = load_sql(PACKAGE, "met.sql", frozenset(dealt))
    ((has_clicks, has_repeated, has_late, has_news),) = context.warehouse.rows(look, reach)
    clicks = {"clicks"} if has_clicks else set()
    copies = {name for name, has in (("repeated", has_repeated), ("late", has_late)) if has}
    if clicks:
        know_clicks(context, reach, shares, large, dealt)
    sessions = {
        "build": context.number,
        "days": calendar.rows,
        "wanted_since": calendar.wanted_since,
        **reach,
    }
    for share in shares:
        context.run(PACKAGE, "hits.sql", sessions | share, large | dealt | clicks | copies)
    if has_news:
        context.run(PACKAGE, "sources.sql", reach, dealt)
    days = [piece.day for piece in slices]
    fresh = {
        "build": context.number,
        "sites": calendar.sites,
        "first": min(days),
        "last": max(days),
    }
    if context.any(PACKAGE, "other_sources.sql", fresh):
        context.run(PACKAGE, "click_sources.sql", fresh)
    for share in shares:
        context.run(PACKAGE, "visits.sql", fresh | share, clicks)
    for sums in SUMS:
        context.run(PACKAGE, sums, fresh)
    return [("visits", piece.site, piece.day, piece.bucket) for piece in slices]
