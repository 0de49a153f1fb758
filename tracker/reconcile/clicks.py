"""What click ids say of visits and of offline conversions: gathered for a build, and what is
published compared with it.

A look-up that arrives, or somebody who brings a click id that others have brought before, changes
what published visits say of themselves, and a look-up what earned a conversion that no visit
brought; these functions find the slices of just those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from tracker.accounts.clock import EPOCH
from tracker.accounts.marks import Slice
from tracker.warehouse.sql import load_sql

if TYPE_CHECKING:
    from tracker.reconcile.build import BuildContext


def remember_clicks(
    context: BuildContext,
    brought: Mapping[str, object],
    shares: Iterable[Mapping[str, object]],
    parts: Collection[str],
) -> None:
    """Remember who brought the click ids of the events of ``brought``.

    ``shares`` are the ``passes`` and ``pass`` of statements that deal the work among themselves,
    ``parts`` those of the statement that are wanted.
    """
    for share in shares:
        context.run("tracker.visits", "clicks.sql", {**brought, **share}, parts)


def know_clicks(
    context: BuildContext,
    reach: Mapping[str, object],
    shares: Iterable[Mapping[str, object]],
    parts: Collection[str],
) -> None:
    """Gather, for the build, what is remembered and told of the click ids of the events of
    ``reach``."""
    for share in shares:
        about = {**reach, **_whose(context), **share, "told": []}
        context.run("tracker.visits", "clicked.sql", about, parts)


def _whose(context: BuildContext) -> dict[str, object]:
    said = context.alike(sorted(context.frames), lambda site: site.tenant)
    tenants = [(sites, tenant) for tenant, sites in said]
    names = sorted(tenant for _, tenant in tenants)
    return {"build": context.number, "tenants": tenants, "tenant_names": names}


def look_up_conversions(
    context: BuildContext, days: Collection[tuple[str, date]], whole: Sequence[str]
) -> bool:
    """Gather what look-ups say of the click ids of leads with a stage on these days (and of all
    leads of the sites of ``whole``); whether there are any."""
    whose = {**_whose(context), "sites": sorted({site for site, _ in days})}
    if not context.any("tracker.conversions", "any_looked.sql", whose):
        return False
    reach = {
        "since": min(context.frames[site].begin(day) for site, day in days),
        "until": max(context.frames[site].finish(day) for site, day in days),
    }
    about = {**whose, **reach, "whole": whole}
    context.run("tracker.conversions", "looked_clicks.sql", about)
    return True


def stale_after(context: BuildContext, slices: Collection[Slice]) -> set[Slice]:
    """Other visit slices that this build has brought click ids of: theirs may be shared now."""
    params = {"build": context.number, "sites": sorted({piece.site for piece in slices})}
    if not context.warehouse.rows(load_sql("tracker.reconcile", "clicks_again.sql"), params):
        return set()
    return _stale(context, again=True) - set(slices)


def stale_by_look_ups(context: BuildContext, days: Collection[date]) -> set[Slice]:
    """Slices of the context's sites to which look-ups of clicks of these days bring news: those of
    visits, and those of offline conversions."""
    no_events = {"since": EPOCH, "until": EPOCH, "passes": 1, "pass": 0}
    told = {"sites": sorted(context.frames), "told": sorted(set(days))}
    whose = _whose(context)
    context.run("tracker.visits", "clicked.sql", whose | told | no_events, {"looked"})
    sql = load_sql("tracker.reconcile", "looked_conversions.sql")
    found = context.warehouse.rows(sql, whose | told)
    converted = {Slice("credits", str(site), day) for site, day in found}
    return _stale(context, again=False) | converted


def _stale(context: BuildContext, *, again: bool) -> set[Slice]:
    rows = context.warehouse.rows(
        load_sql("tracker.reconcile", "stale_clicks.sql"),
        {"build": context.number, "sites": sorted(context.frames), "again": again},
    )
    return {Slice("visits", str(site), day, int(bucket)) for site, day, bucket in rows}
