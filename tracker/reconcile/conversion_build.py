"""Conversions of (site, day) slices: of goals by what visitors did, and of stages of leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from tracker.accounts.goals import Goal
from tracker.accounts.pipeline import Role, pipelines_of
from tracker.accounts.sites import Site
from tracker.conversions.goal_rules import GoalRow, goal_rows, kind_of, sites_of
from tracker.conversions.offline_store import RETRY
from tracker.reconcile.build import BuildContext
from tracker.reconcile.calendar import bound_runs, day_runs
from tracker.reconcile.clicks import look_up_conversions
from tracker.reconcile.following import Following, customer_sites
from tracker.warehouse.sql import load_sql

MILLION = 1_000_000
#: Which value of a lead is revenue: that of its order; without one, of what follows from it.
_RANKS: Mapping[Role, int] = {"order": 1, "shipped": 2, "payment": 3, "other": 4}


def build_goals(
    context: BuildContext,
    following: Following,
    days: Collection[tuple[str, date]],
    names: frozenset[str] | None = None,
) -> None:
    """Conversions of goals of these (site, day) as well; their credit is to follow. ``names`` are
    those of all events of these days, if they are known."""
    following.days |= set(days)
    goals = [goal for site in sorted({site for site, _ in days}) for goal in context.goals[site]]
    if goals and _goal_conversions(context, goals, days, following, names):
        following.written = True


def build_stages(
    context: BuildContext, following: Following, days: Collection[tuple[str, date]]
) -> None:
    """Stages of leads of these (site, day) as well, at once, as they take long to plan; their
    credit is to follow."""
    following.days |= set(days)
    if days and "offline" in following.kinds and (staged := _staged(context, days)):
        _stage_conversions(context, staged, following)
        following.written = True


def _goal_conversions(
    context: BuildContext,
    goals: Iterable[Goal],
    days: Collection[tuple[str, date]],
    following: Following,
    names: frozenset[str] | None,
) -> bool:
    """Conversions of goals, kind by kind; whether any of their events has been seen at all."""
    runs, parts = day_runs(days), following.kinds & {"people", "rates"}
    groups = _group_margins(context, {site for site, _ in days})
    by_kind: dict[str, list[GoalRow]] = defaultdict(list)
    for row in goal_rows(goals):
        by_kind[kind_of(row)].append(row)
    common = {
        "build": context.number,
        "sites": _values(context, sorted({site for site, _ in days})),
        "days": bound_runs(runs, context.frames),
        "first": min(day for _, day in days),
        "last": max(day for _, day in days),
        "fresh": following.fresh.runs,
    }
    seen = False
    for kind, rows in sorted(by_kind.items()):
        look = {
            "sites": sites_of(rows),
            "days": runs,
            "events": sorted({row[1] for row in rows}),
        }
        if names is None:
            is_there = context.any("tracker.conversions", "goal_events.sql", look)
        else:
            is_there = not names.isdisjoint(row[1] for row in rows)
        if not is_there:
            continue
        seen = True
        whole = sites_of(row for row in rows if row[8] == "person")
        wanted = {"goals", kind, *(["history"] if whole else []), *parts, *_worth(rows, groups)}
        found = {"goals": rows, "names": look["sites"], "events": look["events"], "whole": whole}
        given = {**common, **found, **groups}
        context.run("tracker.conversions", "conversions.sql", given, wanted)
    return seen


def _values(context: BuildContext, sites: Iterable[str]) -> list[tuple[list[str], str, str, int]]:
    """(sites, tenant, currency, tax in values in 1e-6) of those that have all in common."""

    def about(site: Site) -> tuple[str, str, int]:
        return site.tenant, site.currency, int(site.settings.tax_rate * MILLION)

    return [(of, *common) for common, of in context.alike(sites, about)]


def _group_margins(context: BuildContext, sites: Iterable[str]) -> dict[str, object]:
    """Margins of product groups of these sites as conversions.sql takes them; {} without any."""
    margins = {
        f"{site}:{group.lower()}": int(margin * MILLION)
        for site in sorted(sites)
        for group, margin in context.frames[site].site.settings.group_margins.items()
    }
    if not margins:
        return {}
    return {"group_names": list(margins), "group_margins": list(margins.values())}


def _worth(rows: Iterable[GoalRow], groups: Mapping[str, object]) -> list[str]:
    """The parts of conversions.sql that say what the goals' values earn, if they have any."""
    valued = any(row[5] is not None or row[7] for row in rows)
    return ["valued", *(["groups"] if groups else [])] if valued else []


def _stage_conversions(
    context: BuildContext,
    days: Collection[tuple[str, date]],
    following: Following,
) -> None:
    """Conversions that are stages of leads."""
    sites = sorted({site for site, _ in days})
    customers = customer_sites(context, sites)
    context.run("tracker.conversions", "supplied_sources.sql", {"sites": sites})
    groups = _group_margins(context, sites)
    looked = {"looked"} if look_up_conversions(context, days, customers) else set()
    keys = context.warehouse.rows(
        load_sql("tracker.conversions", "lead_keys.sql"), {"sites": sites}
    )
    context.run(
        "tracker.conversions",
        "conversions.sql",
        {
            "build": context.number,
            "sites": _values(context, sites),
            "names": sites,
            "days": bound_runs(day_runs(days), context.frames),
            "fresh": following.fresh.runs,
            "zones": context.zones(sites),
            "orders": _order_stages(context, customers),
            **_ranked_stages(context, sites),
            "customers": customers,
            "retry_days": RETRY.days,
            **groups,
        },
        {
            "stages",
            "people",
            "valued",
            *looked,
            *(str(key) for (key,) in keys),
            *(following.kinds & {"rates"}),
            *(["groups"] if groups else []),
        },
    )
    if looked:
        made = {"build": context.number, "sites": sites}
        context.run("tracker.conversions", "looked_sources.sql", made)


def _staged(context: BuildContext, days: Collection[tuple[str, date]]) -> list[tuple[str, date]]:
    """Those of the days on which a stage of a lead may lie."""
    runs = bound_runs(day_runs(days), context.frames)
    found = context.warehouse.rows(
        load_sql("tracker.conversions", "offline_days.sql"),
        {"sites": sorted({site for site, _ in days}), "days": runs},
    )
    return sorted({(str(site), day) for site, day in found})


def _order_stages(context: BuildContext, sites: Sequence[str]) -> list[tuple[str, str]]:
    found = pipelines_of(context.db, sites)
    return [(site, key) for site in sites for key in found[site].keys("order")]


def _ranked_stages(context: BuildContext, sites: Sequence[str]) -> dict[str, object]:
    found = pipelines_of(context.db, sites)
    ranks = {
        f"{site}:{stage.key}": _RANKS.get(stage.role, 9)
        for site in sites
        for stage in found[site].stages
    }
    return {"stage_names": list(ranks), "stage_ranks": list(ranks.values())}
