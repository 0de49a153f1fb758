"""Spend of (site, day) slices in the sites' currencies, their keywords, and which sources belong to
these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from tracker.accounts.ad_accounts import accounts_of_site, given_campaigns
from tracker.accounts.marks import Slice
from tracker.reconcile.build import NO_DAY, SUMS, BuildContext, BuiltRun
from tracker.reconcile.calendar import day_runs
from tracker.reconcile.marking import account_key
from tracker.spend.cost_rules import cost_rows
from tracker.warehouse.sql import load_sql

#: Rows of search terms of one statement: 450,000 take nearly the memory that it may have.
MOST_TERMS = 200_000


def build_spend(context: BuildContext, slices: Sequence[Slice]) -> list[BuiltRun]:
    """Spend of these (site, day) in the sites' currencies, and what hangs on their keywords."""
    sites = sorted({piece.site for piece in slices})
    linked = [(site, one) for site in sites for one in accounts_of_site(context.db, site)]
    whose = {
        "build": context.number,
        "accounts": [(site, *account_key(one), one.site == site) for site, one in linked],
        "campaigns": given_campaigns(context.db, {account_key(one) for _, one in linked}),
    }
    days = [(piece.site, piece.day) for piece in slices]
    rules = cost_rows(context.db, [one for _, one in linked], [day for _, day in days])
    dated = [day for _, day in days]
    told = {"tenants": context.tenants(sites), "days": dated}
    gaps = {"gaps"} if context.any("tracker.spend", "any_totals.sql", told) else set()
    spent = {**whose, "sites": context.money(sites), "days": days, "rules": rules}
    fresh = {"build": context.number, "sites": sites, "first": min(dated), "last": max(dated)}
    with context.beside(_build_amounts, context, spent, gaps, fresh):
        context.run("tracker.spend", "keywords.sql", whose)
        resolved = _build_resolution(context, sites, fresh=sites)
    for some in _term_days(context, told):
        of_days = [(site, day) for site, day in days if day in some]
        context.run("tracker.spend", "term_spend.sql", {**spent, "days": of_days})
    built: list[BuiltRun] = [
        ("spend", of, [0], first, count) for of, first, count in day_runs(days)
    ]
    built.append(("keywords", sites, [0], NO_DAY, 1))
    return built + resolved


def _build_amounts(
    context: BuildContext,
    spent: Mapping[str, object],
    gaps: Collection[str],
    fresh: Mapping[str, object],
) -> None:
    context.run("tracker.spend", "site_spend.sql", spent, gaps)
    for sums in SUMS:
        context.run("tracker.spend", sums, fresh)


def _term_days(context: BuildContext, told: Mapping[str, object]) -> list[set[date]]:
    """The days with search terms, together up to so many as a statement has room for."""
    found = context.warehouse.rows(load_sql("tracker.spend", "term_counts.sql"), told)
    portions: list[set[date]] = []
    room = 0
    for day, count in found:
        if count > room:
            portions.append(set())
            room = MOST_TERMS
        portions[-1].add(day)
        room -= count
    return portions


def resolve_new_sources(context: BuildContext, sites: Iterable[str]) -> list[BuiltRun]:
    """The resolution of those sites that have sources which none knows yet."""
    found = context.warehouse.rows(
        load_sql("tracker.reconcile", "unresolved_sites.sql"), {"sites": sorted(set(sites))}
    )
    unresolved = [str(site) for (site,) in found]
    return _build_resolution(context, unresolved, fresh=()) if unresolved else []


def _build_resolution(
    context: BuildContext, sites: Sequence[str], *, fresh: Sequence[str]
) -> list[BuiltRun]:
    """Which keyword each source belongs to; ``fresh``: sites with keywords of this build."""
    about = {"build": context.number, "sites": list(sites), "fresh": list(fresh)}
    sql = load_sql("tracker.attribution", "resolution_parts.sql")
    parts = {str(part) for (part,) in context.warehouse.rows(sql, about)}
    if "sources" in parts:
        context.run("tracker.attribution", "resolution.sql", about, parts - {"sources"})
    return [("resolution", list(sites), [0], NO_DAY, 1)]
