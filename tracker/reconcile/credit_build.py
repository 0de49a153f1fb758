"""Conversions of (site, day) slices and the credit of their touches, under every rule model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from tracker.accounts.goals import Goal
from tracker.accounts.marks import Slice
from tracker.accounts.pipeline import Role, pipelines_of
from tracker.accounts.sites import Site
from tracker.conversions import people
from tracker.conversions.goal_rules import GoalRow, goal_rows, kind_of
from tracker.conversions.offline_store import RETRY
from tracker.reconcile.build import NO_DAY, BuildContext, BuiltRun
from tracker.reconcile.calendar import (
    ONE_DAY,
    SliceRun,
    bound_runs,
    day_runs,
    slice_runs,
)
from tracker.reconcile.clicks import look_up_conversions
from tracker.warehouse.sql import load_sql

DAY_MS = 86_400_000
MILLION = 1_000_000
#: Which value of a lead is revenue: that of its order; without one, of what follows from it.
_RANKS: Mapping[Role, int] = {"order": 1, "shipped": 2, "payment": 3, "other": 4}


@dataclass(frozen=True)
class Fresh:
    """The visit slices that this build has rebuilt, not yet published."""

    slices: Sequence[Slice]

    @cached_property
    def runs(self) -> list[SliceRun]:
        """They as runs, for statements."""
        return slice_runs((one.site, one.day, one.bucket) for one in self.slices)

    @property
    def first(self) -> date:
        """Their first day; without any the first of all."""
        return min((one.day for one in self.slices), default=NO_DAY)

    @property
    def last(self) -> date:
        """Their last day; without any the first of all."""
        return max((one.day for one in self.slices), default=NO_DAY)


@dataclass
class Following:
    """What follows from the fresh slices of a build: the (site, day) of which it has made
    conversions, whether it may have written any, and which kinds of facts their sites have."""

    fresh: Fresh
    kinds: frozenset[str]
    days: set[tuple[str, date]] = field(default_factory=set)
    written: bool = False


def refresh_people(context: BuildContext, sites: Iterable[str]) -> set[tuple[str, int]]:
    """Join visitors by what is new of them; the (site, visitor) that were looked at anew."""
    return people.refresh(context.warehouse, sites, context.number)


def kinds_of(context: BuildContext, sites: Collection[str]) -> frozenset[str]:
    """Which of ``contacts``, ``people``, ``offline`` conversions and ``rates`` these sites have:
    parts of the statements below."""
    about = {"sites": sorted(sites), "tenants": context.tenants(sites)}
    found = context.warehouse.rows(load_sql("tracker.reconcile", "site_kinds.sql"), about)
    return frozenset(str(kind) for (kind,) in found)


def goal_days(context: BuildContext, fresh: Fresh) -> set[tuple[str, date]]:
    """The days of the fresh slices whose sites have goals, which their events may reach."""
    return {(piece.site, piece.day) for piece in fresh.slices if context.goals.get(piece.site)}


def affected_days(
    context: BuildContext,
    fresh: Fresh,
    moved: Collection[tuple[str, int]],
    kinds: frozenset[str],
) -> set[tuple[str, date]]:
    """Days of published conversions that must follow the visit slices of this build, and the
    people of ``moved`` (site, visitor)."""
    sites = sorted({piece.site for piece in fresh.slices} | {site for site, _ in moved})
    if not sites:
        return set()
    joined = kinds & {"people", "offline"}
    parts = joined | {"wide"} if joined else joined
    reach = {"sites": sites, "first": fresh.first, "last": fresh.last}
    found = context.warehouse.rows(
        load_sql("tracker.reconcile", "converting_sites.sql", parts & {"wide"}), reach
    )
    converting = [str(site) for (site,) in found]
    return _following(context, converting, fresh, moved, parts) if converting else set()


def _following(
    context: BuildContext,
    sites: Sequence[str],
    fresh: Fresh,
    moved: Collection[tuple[str, int]],
    parts: frozenset[str],
) -> set[tuple[str, date]]:
    goals = [goal for site in sites for goal in context.goals[site] if goal.counting == "person"]
    once = goal_rows(goals) if moved else []
    parts |= {"history"} if once else set()
    rows = context.warehouse.rows(
        load_sql("tracker.reconcile", "affected_days.sql", parts),
        {
            "build": context.number,
            "sites": sites,
            "fresh": fresh.runs,
            "first": fresh.first,
            "last": fresh.last,
            "moved": sorted((site, visitor) for site, visitor in moved if site in sites),
            "whole": _sites_of(once),
            "events": sorted({row[1] for row in once}),
        },
    )
    return {(str(site), day) for site, day in rows}


def build_conversions(
    context: BuildContext, following: Following, days: Collection[tuple[str, date]]
) -> None:
    """Conversions of these (site, day) as well; their credit is to follow."""
    if not days:
        return
    following.days |= set(days)
    sites = sorted({site for site, _ in days})
    goals = [goal for site in sites for goal in context.goals[site]]
    if _goal_conversions(context, goals, days, following):
        following.written = True
    if "offline" in following.kinds and (staged := _staged(context, days)):
        _stage_conversions(context, staged, following)
        following.written = True


def build_credit(context: BuildContext, following: Following) -> list[BuiltRun]:
    """Credit of the touches of all conversions that this build has made, under every rule model;
    returns what is to be published of both. The visits of this build must be there."""
    days = following.days
    if following.written:
        made = {
            "build": context.number,
            "sites": sorted({site for site, _ in days}),
            "first": min(day for _, day in days),
            "last": max(day for _, day in days),
        }
        sql = load_sql("tracker.conversions", "made.sql")
        ((count, first, owning),) = context.warehouse.rows(sql, made)
        if count:
            _credit(context, following, first, owning=bool(owning))
            context.run("tracker.attribution", "credit_days.sql", made)
    return [("credits", of, [0], first, count) for of, first, count in day_runs(days)]


def _goal_conversions(
    context: BuildContext,
    goals: Iterable[Goal],
    days: Collection[tuple[str, date]],
    following: Following,
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
            "sites": _sites_of(rows),
            "days": runs,
            "events": sorted({row[1] for row in rows}),
        }
        if not context.any("tracker.conversions", "goal_events.sql", look):
            continue
        seen = True
        whole = _sites_of(row for row in rows if row[8] == "person")
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


def _sites_of(rows: Iterable[GoalRow]) -> list[str]:
    return sorted({site for row in rows for site, _ in row[0]})


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
            *looked,
            *(following.kinds & {"rates"}),
            *(["groups"] if groups else []),
        },
    )
    if looked:
        made = {"build": context.number, "sites": sites}
        context.run("tracker.conversions", "looked_sources.sql", made)


def _credit(context: BuildContext, following: Following, first: datetime, *, owning: bool) -> None:
    """Credit of the conversions of this build; the first of their paths ends at ``first``, and some
    have a gain of their own if ``owning``."""
    days = following.days
    last = max(day for _, day in days)
    sites = sorted({site for site, _ in days})
    goals = [goal for site in sites for goal in context.goals[site]]
    lookbacks = [
        (goal.site, goal.id, goal.lookback_days * DAY_MS) for goal in goals if goal.lookback_days
    ]
    own = context.alike(sites, _spans)
    reach = max(
        *(lookback for (lookback, _), _ in own),
        *(goal.lookback_days or 0 for goal in goals),
        0,
    )
    resets = _resets(goals)
    parts = {
        *(following.kinds & {"people"}),
        *(["lookbacks"] if lookbacks else []),
        *(["resets"] if resets else []),
        *(["gains"] if owning else []),
    }
    context.run(
        "tracker.attribution",
        "credits.sql",
        {
            "build": context.number,
            "sites": [
                (of, lookback * DAY_MS, half_life * DAY_MS) for (lookback, half_life), of in own
            ],
            "names": sites,
            "lookbacks": lookbacks,
            "days": day_runs(days) if resets else [],
            "first": min(day for _, day in days),
            "last": last,
            # The days of visits are the site's: its date may be the one before that of UTC.
            "since": first.date() - timedelta(days=reach) - ONE_DAY,
            "until": last,
            "resets": resets,
            "fresh": following.fresh.runs,
        },
        parts,
    )


def _spans(site: Site) -> tuple[int, int]:
    """Days: the lookback of a site, and the half-life of its time-decay model."""
    return site.lookback_days, site.settings.half_life_days


def _staged(context: BuildContext, days: Collection[tuple[str, date]]) -> list[tuple[str, date]]:
    """Those of the days on which a stage of a lead may lie."""
    runs = bound_runs(day_runs(days), context.frames)
    found = context.warehouse.rows(
        load_sql("tracker.conversions", "offline_days.sql"),
        {"sites": sorted({site for site, _ in days}), "days": runs},
    )
    return sorted({(str(site), day) for site, day in found})


def customer_sites(context: BuildContext, sites: Iterable[str]) -> list[str]:
    """The sites on which repeat orders belong to the path of the first one."""
    return [site for site in sites if context.frames[site].site.settings.repeat_orders == "inherit"]


def customer_days(
    context: BuildContext, days: Collection[tuple[str, date]]
) -> set[tuple[str, date]]:
    """Other days with conversions of the people of these, where those change each other's paths:
    on sites of ``customer_sites`` (a new first order, or one that went away), and of goals whose
    paths begin after the previous conversion."""
    touched = sorted({site for site, _ in days})
    resets = _resets(goal for site in touched for goal in context.goals[site])
    sites = sorted({*customer_sites(context, touched), *(site for site, _ in resets)})
    if not sites:
        return set()
    rows = context.warehouse.rows(
        load_sql("tracker.reconcile", "customer_days.sql"),
        {"build": context.number, "sites": sites, "days": day_runs(days), "resets": resets},
    )
    return {(str(site), day) for site, day in rows} - set(days)


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


def _resets(goals: Iterable[Goal]) -> list[tuple[str, str]]:
    """(site, goal) of those whose paths begin after the person's previous conversion."""
    return [(goal.site, goal.id) for goal in goals if goal.reset_path]
