"""One build: the derived rows of some slices, made from facts and published at once.

A build writes its rows under its own number, where no reader looks, and then publishes all its
slices with one insert into ``slices``. A build that dies before that leaves rows that nobody
reads; ``sweep`` deletes them. Builds are numbered in the order in which they are published,
because one lease lets one process build at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from tracker.accounts.ad_accounts import accounts_of_site, given_campaigns
from tracker.accounts.goals import Goal, goals_of
from tracker.accounts.marks import Slice
from tracker.accounts.pipeline import Role, pipelines_of
from tracker.conversions import people
from tracker.conversions.goal_rules import goal_row
from tracker.conversions.offline_store import RETRY
from tracker.reconcile.calendar import Frame, calendar_of
from tracker.reconcile.clicks import know_clicks
from tracker.reconcile.marking import account_key
from tracker.spend.cost_rules import cost_rows
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Half-life of the time-decay model, ms.
HALF_LIFE = 7 * 86_400_000.0
DAY_MS = 86_400_000
#: The keywords of a site are one slice, whatever the day.
NO_DAY = date(1970, 1, 1)
#: Sums that are derived with visits and with spend, each from the rows of the build.
SUMS = ("daily.sql", "keyword_days.sql")

SliceRow = tuple[str, str, date, int]
#: A day of a site and its bounds in UTC.
Bounds = tuple[str, date, datetime, datetime]


@dataclass(frozen=True, slots=True)
class BuildContext:
    """Where a build reads and writes; ``memory`` bounds each of its statements, in bytes."""

    warehouse: Warehouse
    db: Engine
    frames: Mapping[str, Frame]
    number: int
    memory: int


def build_visits(
    context: BuildContext, slices: Sequence[Slice], *, passes: int = 1
) -> list[SliceRow]:
    """Hits, visits and sources of the visit slices; returns what is to be published.

    ``passes``: into how many statements the visitors of large slices are dealt; the memory of each
    is that share of the whole.
    """
    calendar = calendar_of(slices, context.frames)
    reach = {"sites": calendar.sites, "since": calendar.since, "until": calendar.until}
    parts = [{"passes": passes, "pass": number} for number in range(passes)]
    clicks = know_clicks(context, reach, parts)
    sessions = {"build": context.number, "days": calendar.rows, **reach}
    for part in parts:
        _run(context, "tracker.visits", "hits.sql", sessions | part)
    _run(context, "tracker.visits", "sources.sql", reach)
    days = [piece.day for piece in slices]
    fresh = {
        "build": context.number,
        "sites": calendar.sites,
        "first": min(days),
        "last": max(days),
    }
    if clicks:
        _run(context, "tracker.visits", "click_sources.sql", fresh)
    for part in parts:
        _run(context, "tracker.visits", "visits.sql", fresh | part)
    for sums in SUMS:
        _run(context, "tracker.visits", sums, fresh)
    return [("visits", piece.site, piece.day, piece.bucket) for piece in slices]


def refresh_people(context: BuildContext, sites: Iterable[str]) -> set[tuple[str, int]]:
    """Join visitors by what is new of them; the (site, visitor) that were looked at anew."""
    return people.refresh(context.warehouse, sites, context.number)


def affected_days(
    context: BuildContext, fresh: Sequence[Slice], moved: Collection[tuple[str, int]]
) -> set[tuple[str, date]]:
    """Credit slices that must follow the rebuilt visit slices of this build, and the people of
    ``moved`` (site, visitor)."""
    sites = sorted({piece.site for piece in fresh})
    converting = [
        str(site)
        for (site,) in context.warehouse.rows(
            load_sql("tracker.reconcile", "converting_sites.sql"), {"sites": sites}
        )
    ]
    days = _following(context, converting, fresh, moved) if converting else set()
    goals = goals_of(context.db, sites)
    with_goals = {site for site, found in goals.items() if found}
    return days | {(piece.site, piece.day) for piece in fresh if piece.site in with_goals}


def _following(
    context: BuildContext,
    sites: Sequence[str],
    fresh: Sequence[Slice],
    moved: Collection[tuple[str, int]],
) -> set[tuple[str, date]]:
    rows = context.warehouse.rows(
        load_sql("tracker.reconcile", "affected_days.sql"),
        {
            "build": context.number,
            "sites": sites,
            "fresh": _fresh(piece for piece in fresh if piece.site in sites),
            "moved": sorted((site, visitor) for site, visitor in moved if site in sites),
        },
    )
    return {(str(site), day) for site, day in rows}


def build_credits(
    context: BuildContext,
    days: Collection[tuple[str, date]],
    fresh: Sequence[Slice],
    before: Collection[tuple[str, date]] = (),
) -> list[SliceRow]:
    """Conversions of these (site, day) and the credit of their touches, under every rule model;
    ``before`` are other days of which this build has done so already."""
    sites = sorted({site for site, _ in days})
    goals = [goal for found in goals_of(context.db, sites).values() for goal in found]
    customers = customer_sites(context, sites)
    bounds = [_bounds(context.frames[site], day) for site, day in sorted(days)]
    common = {
        "build": context.number,
        "sites": _money_of(context, sites),
        "fresh": _fresh(fresh),
        "goals": [goal_row(goal) for goal in goals],
        "orders": _order_stages(context, customers),
        **_ranked_stages(context, sites),
        "customers": customers,
        "retry_days": RETRY.days,
    }
    if goals:
        _conversions(context, "goals", {**common, "days": bounds})
    if staged := _staged(context, bounds):
        _run(context, "tracker.conversions", "supplied_sources.sql", {"sites": sites})
        _conversions(context, "stages", {**common, "days": staged})
    if goals or staged:
        _credit(context, days, goals, fresh, before)
        sums = {"build": context.number, "sites": sites, "days": sorted(days)}
        _run(context, "tracker.attribution", "credit_days.sql", sums)
    return [("credits", site, day, 0) for site, day in sorted(days)]


def _credit(
    context: BuildContext,
    days: Collection[tuple[str, date]],
    goals: Iterable[Goal],
    fresh: Sequence[Slice],
    before: Collection[tuple[str, date]],
) -> None:
    sites = sorted({site for site, _ in days})
    _run(
        context,
        "tracker.attribution",
        "credits.sql",
        {
            "build": context.number,
            "sites": [(site, context.frames[site].site.lookback_days * DAY_MS) for site in sites],
            "lookbacks": [
                (goal.site, goal.id, goal.lookback_days * DAY_MS)
                for goal in goals
                if goal.lookback_days
            ],
            "days": sorted(days),
            "rebuilt": sorted({*days, *before}),
            "resets": _resets(goals),
            "fresh": _fresh(fresh),
            "half_life": HALF_LIFE,
        },
    )


def _conversions(context: BuildContext, origin: str, params: Mapping[str, object]) -> None:
    """Conversions of one origin: a statement of both takes long to plan, whatever it finds."""
    sql = load_sql("tracker.conversions", "conversions.sql").replace("/* origin */", origin)
    _execute(context, sql, params)


def _staged(context: BuildContext, bounds: Sequence[Bounds]) -> list[Bounds]:
    """Those of the days on which a stage of a lead may lie."""
    found = context.warehouse.rows(
        load_sql("tracker.conversions", "offline_days.sql"),
        {"sites": sorted({site for site, *_ in bounds}), "days": bounds},
    )
    days = {(str(site), day) for site, day in found}
    return [one for one in bounds if one[:2] in days]


def build_spend(context: BuildContext, slices: Sequence[Slice]) -> list[SliceRow]:
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
    money = _money_of(context, sites)
    about = {"tenants": sorted({tenant for _, tenant, _ in money}), "days": [d for _, d in days]}
    told = context.warehouse.rows(load_sql("tracker.spend", "any_totals.sql"), about)
    _execute(
        context,
        load_sql("tracker.spend", "site_spend.sql").replace(
            "/* gaps */", "UNION ALL SELECT * FROM gap_rows" if told else ""
        ),
        {**whose, "sites": money, "days": days, "rules": rules},
    )
    first, last = min(day for _, day in days), max(day for _, day in days)
    fresh = {"build": context.number, "sites": sites, "first": first, "last": last}
    for sums in SUMS:
        _run(context, "tracker.spend", sums, fresh)
    _run(context, "tracker.spend", "keywords.sql", whose)
    rows: list[SliceRow] = [("spend", piece.site, piece.day, 0) for piece in slices]
    rows += [("keywords", site, NO_DAY, 0) for site in sites]
    return rows + _build_resolution(context, sites, fresh=sites)


def resolve_new_sources(context: BuildContext, sites: Iterable[str]) -> list[SliceRow]:
    """The resolution of those sites that have sources which none knows yet."""
    found = context.warehouse.rows(
        load_sql("tracker.reconcile", "unresolved_sites.sql"), {"sites": sorted(set(sites))}
    )
    unresolved = [str(site) for (site,) in found]
    return _build_resolution(context, unresolved, fresh=()) if unresolved else []


def _build_resolution(
    context: BuildContext, sites: Sequence[str], *, fresh: Sequence[str]
) -> list[SliceRow]:
    """Which keyword each source belongs to; ``fresh``: sites with keywords of this build."""
    _run(
        context,
        "tracker.attribution",
        "resolution.sql",
        {"build": context.number, "sites": list(sites), "fresh": list(fresh)},
    )
    return [("resolution", site, NO_DAY, 0) for site in sites]


def publish(context: BuildContext, rows: Iterable[SliceRow]) -> None:
    """Let readers see every slice of this build from one instant on."""
    now = datetime.now(UTC)
    context.warehouse.insert(
        "slices",
        ("kind", "site", "day", "bucket", "build", "published"),
        [(*row, context.number, now) for row in rows],
    )


def _run(context: BuildContext, package: str, name: str, params: Mapping[str, object]) -> None:
    _execute(context, load_sql(package, name), params)


def _execute(context: BuildContext, sql: str, params: Mapping[str, object]) -> None:
    context.warehouse.execute(sql, params, settings={"max_memory_usage": context.memory})


def _fresh(slices: Iterable[Slice]) -> list[tuple[str, date, int]]:
    return [(piece.site, piece.day, piece.bucket) for piece in slices]


def _money_of(context: BuildContext, sites: Iterable[str]) -> list[tuple[str, str, str]]:
    return [
        (site, context.frames[site].site.tenant, context.frames[site].site.currency)
        for site in sites
    ]


def _bounds(frame: Frame, day: date) -> Bounds:
    return frame.site.key, day, frame.begin(day), frame.finish(day)


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
    resets = _resets(goal for found in goals_of(context.db, touched).values() for goal in found)
    sites = sorted({*customer_sites(context, touched), *(site for site, _ in resets)})
    if not sites:
        return set()
    rows = context.warehouse.rows(
        load_sql("tracker.reconcile", "customer_days.sql"),
        {"build": context.number, "sites": sites, "days": sorted(days), "resets": resets},
    )
    return {(str(site), day) for site, day in rows} - set(days)


def _order_stages(context: BuildContext, sites: Sequence[str]) -> list[tuple[str, str]]:
    found = pipelines_of(context.db, sites)
    return [(site, key) for site in sites for key in found[site].keys("order")]


#: Which value of a lead is revenue: that of its order; without one, of what follows from it.
_RANKS: Mapping[Role, int] = {"order": 1, "shipped": 2, "payment": 3, "other": 4}


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
