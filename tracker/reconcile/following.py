"""What follows from visits that are built anew: the days whose conversions and credit must be
made again with them, and what their sites have that statements need parts for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from tracker.accounts.goals import Goal
from tracker.accounts.marks import Slice
from tracker.conversions import people
from tracker.conversions.goal_rules import goal_rows, sites_of
from tracker.reconcile.build import NO_DAY, BuildContext
from tracker.reconcile.calendar import ONE_DAY, SliceRun, day_runs, slice_runs
from tracker.warehouse.sql import load_sql


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
    """Which of ``contacts``, ``people``, ``offline`` conversions, ``rates`` and ``look_ups`` of
    clicks these sites have: parts of statements. Where there are contacts there may be people: the
    build before this one, which is still at work, may join the first of them."""
    about = {"sites": sorted(sites), "tenants": context.tenants(sites)}
    found = context.warehouse.rows(load_sql("tracker.reconcile", "site_kinds.sql"), about)
    kinds = {str(kind) for (kind,) in found}
    return frozenset(kinds | {"people"} if "contacts" in kinds else kinds)


def goal_days(context: BuildContext, fresh: Fresh) -> set[tuple[str, date]]:
    """The days of the fresh slices whose sites have goals, which their events may reach."""
    return {(piece.site, piece.day) for piece in fresh.slices if context.goals.get(piece.site)}


def affected_days(
    context: BuildContext,
    fresh: Fresh,
    moved: Collection[tuple[str, int]],
    kinds: frozenset[str],
    known: Collection[tuple[str, date]],
) -> set[tuple[str, date]]:
    """Days of published conversions that must follow the visit slices of this build, and the
    people of ``moved`` (site, visitor); of those that are ``known`` to be built perhaps not all."""
    sites = sorted({piece.site for piece in fresh.slices} | {site for site, _ in moved})
    if not sites:
        return set()
    joined = kinds & {"people", "offline"}
    parts = joined | {"wide"} if joined else joined
    # Of a build of one day the conversions of later days are looked for alone.
    alone = fresh.first == fresh.last and {(site, fresh.first) for site in sites} <= set(known)
    later = {"later": fresh.first + ONE_DAY if alone else fresh.first}
    reach = {"sites": sites, "first": fresh.first, "last": fresh.last, **({} if joined else later)}
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
            "whole": sites_of(once),
            "events": sorted({row[1] for row in once}),
        },
    )
    return {(str(site), day) for site, day in rows}


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
    resets = resetting(goal for site in touched for goal in context.goals[site])
    sites = sorted({*customer_sites(context, touched), *(site for site, _ in resets)})
    if not sites:
        return set()
    rows = context.warehouse.rows(
        load_sql("tracker.reconcile", "customer_days.sql"),
        {"build": context.number, "sites": sites, "days": day_runs(days), "resets": resets},
    )
    return {(str(site), day) for site, day in rows} - set(days)


def resetting(goals: Iterable[Goal]) -> list[tuple[str, str]]:
    """(site, goal) of those whose paths begin after the person's previous conversion."""
    return [(goal.site, goal.id) for goal in goals if goal.reset_path]
