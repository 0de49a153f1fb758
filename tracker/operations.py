"""Operations with side effects, as the commands, the jobs and the pages ask for them.

Each one wires the parts into the module that does the work, and returns a struct or JSON values.
Synchronous: callers on an event loop use worker threads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tracker.accounts import goals, leases, marks
from tracker.accounts.connection_accounts import list_accounts
from tracker.accounts.connection_runs import get_connection_run
from tracker.accounts.connections import get_connection, list_connections
from tracker.accounts.goal_wish import GoalWish, goal_fields, grant_goal
from tracker.accounts.pipeline import Pipeline, Stage, set_stages
from tracker.accounts.sites import Site, get_site, list_sites
from tracker.accounts.tenants import list_tenants
from tracker.conversions.offline import OfflineDeps, OfflineOptions, OfflineReport, import_offline
from tracker.errors import InvalidInput, Unavailable
from tracker.ingest.classify import classify
from tracker.ingest.history import HistoryReport, import_history
from tracker.ingest.identity import Visitors, visitor_number
from tracker.ingest.reclassify import reclassify as reclassify_events
from tracker.ingest.refusals import failed_segments
from tracker.ingest.refusals import requeue as requeue_failed
from tracker.ingest.sightings import Sightings, site_rules
from tracker.ingest.steps import Environment
from tracker.ingest.suppressed import Suppressed
from tracker.parts import Parts
from tracker.period import Period, parse_day
from tracker.reconcile.erasure import Erased, ErasureDeps, erase_person
from tracker.reconcile.identity import visitors_of
from tracker.reconcile.marking import mark_credits, mark_money, mark_visits
from tracker.reconcile.reconciler import LEASE, Outcome
from tracker.reports.person_export import export_person
from tracker.spend.connections.asking import again, ask, finish
from tracker.spend.connections.linking import check_connection
from tracker.spend.connections.shown import account_fields, run_fields
from tracker.spend.health import HealthDeps, site_health
from tracker.spend.importer import SpendDeps, SpendOptions, SpendReport, import_spend_file
from tracker.spend.push import import_push
from tracker.spend.rate_source import (
    ECB,
    FetchedRates,
    fetch_quotations,
    needed_pairs,
    take_quotations,
)
from tracker.spend.rates import RatesReport, import_rates_file

Progress = Callable[[int, int | None], None]


def silent(_: int, __: int | None = None) -> None:
    """A progress that nobody watches."""


class Reconciled(msgspec.Struct, frozen=True):
    """What a reconcile did; ``left`` slices were marked while it ran."""

    events: int
    builds: int
    slices: int
    left: int


def import_events(
    parts: Parts,
    site: Site,
    path: Path,
    *,
    dry_run: bool,
    skip_bad_rows: bool,
    progress: Progress = silent,
) -> HistoryReport:
    """Past events through the steps of ingest and the spool into ``events``."""
    env = Environment(
        sites=parts.site_cache,
        enricher=parts.enricher,
        visitors=Visitors(parts.salt, parts.clock),
        sightings=Sightings(),
        counters=parts.counters,
        suppressed=Suppressed(parts.db),
    )
    report = import_history(
        path,
        site,
        parts.settings.spool,
        env,
        parts.clock,
        dry_run=dry_run,
        skip_bad_rows=skip_bad_rows,
        progress=progress,
    )
    if not dry_run:
        load(parts)
    return report


def load(parts: Parts) -> int:
    """Load what is spooled; Unavailable with the reason when it has to wait."""
    report = parts.drain()
    if report.waiting:
        raise Unavailable(
            f"Events wait in {parts.settings.spool}: {report.waiting}",
            hint="Nothing is lost; they are loaded when the cause is gone.",
        )
    return report.events


def spend_options(**given: Any) -> SpendOptions:
    """Options of a spend import from plain values."""
    return SpendOptions(**given)


def import_spend(
    parts: Parts, site: Site, path: Path, options: SpendOptions, *, progress: Progress = silent
) -> SpendReport:
    """A spend file into the site's ad account."""
    deps = SpendDeps(warehouse=parts.warehouse, db=parts.db, clock=parts.clock)
    return import_spend_file(deps, site, path, options, progress)


def push_spend(parts: Parts, site: Site, body: bytes) -> SpendReport:
    """Whole days of spend that a script sends, into the site's ad account."""
    deps = SpendDeps(warehouse=parts.warehouse, db=parts.db, clock=parts.clock)
    return import_push(deps, site, body)


def import_conversions(
    parts: Parts,
    site: Site,
    path: Path,
    *,
    mapping: Mapping[str, str],
    dry_run: bool,
    skip_bad_rows: bool,
    filename: str = "",
    progress: Progress = silent,
) -> OfflineReport:
    """A file of offline conversions; ``filename`` is the original name of an upload."""
    options = OfflineOptions(
        mapping=mapping, dry_run=dry_run, skip_bad_rows=skip_bad_rows, filename=filename
    )
    return import_offline(offline_deps(parts, site), site, path, options, progress)


def offline_deps(parts: Parts, site: Site) -> OfflineDeps:
    """What storing offline conversions of a site needs."""
    return OfflineDeps(
        warehouse=parts.warehouse,
        db=parts.db,
        clock=parts.clock,
        visitor_number=visitor_number,
        classify=lambda url: classify(url, "", site_rules(site)),
    )


def import_rates(
    parts: Parts, path: Path, site: str, *, dry_run: bool, skip_bad_rows: bool
) -> RatesReport:
    """A file of exchange rates for the tenant of a site."""
    tenant = tenant_of(parts, site)
    return import_rates_file(
        parts.warehouse,
        parts.db,
        tenant,
        path,
        dry_run=dry_run,
        skip_bad_rows=skip_bad_rows,
        mark_money=lambda days: mark_money(parts.db, tenant, days),
    )


def fetch_rates(parts: Parts, client: httpx.Client | None = None) -> list[FetchedRates]:
    """Daily exchange rates from the address of the settings, for every company that needs any."""
    source = parts.settings.rates_url
    if not source:
        raise InvalidInput(
            "No source of exchange rates is set.", hint="Set TRACKER_RATES_URL=ecb, or an address."
        )
    tenants = [one.id for one in list_tenants(parts.db) if needed_pairs(parts.db, one.id)]
    if not tenants:
        return []
    with client or httpx.Client(timeout=30.0, follow_redirects=True) as asking:
        quotations = fetch_quotations(asking, source)
    return [
        take_quotations(
            parts.warehouse,
            parts.db,
            tenant,
            quotations,
            source="ecb" if source == ECB else "address",
            today=parts.clock().date(),
            mark_money=partial(mark_money, parts.db, tenant),
        )
        for tenant in tenants
    ]


def tenant_of(parts: Parts, site: str) -> str:
    """The tenant of a site; without a site, the only tenant there is."""
    if site:
        return get_site(parts.db, site).tenant
    tenants = list_tenants(parts.db)
    if len(tenants) != 1:
        raise InvalidInput(
            f"This installation has {len(tenants)} companies.", hint="Name a site with --site."
        )
    return tenants[0].id


def reconcile(parts: Parts, *, progress: Progress = silent) -> Reconciled:
    """Load what is spooled, then rebuild until nothing is dirty."""
    events = load(parts)
    whole = sum(entry.count for entry in marks.backlog(parts.db))

    def watched(outcome: Outcome) -> None:
        progress(min(outcome.slices, whole), whole)

    outcome = parts.reconciler().run(progress=watched, wait=300.0)
    return Reconciled(events, outcome.builds, outcome.slices, outcome.left)


def rebuild(
    parts: Parts, site: Site, first: str = "", last: str = "", *, progress: Progress = silent
) -> Reconciled:
    """Make every derived row of the site again, or those of some days (YYYY-MM-DD, inclusive)."""
    begin = parse_day(first) if first else date.min
    end = parse_day(last) if last else date.max
    if begin > end:
        raise InvalidInput(
            f"The period ends before it begins: {first} to {last}.", hint="Swap --from and --to."
        )
    mark_visits(parts.warehouse, parts.db, site, begin, end)
    return reconcile(parts, progress=progress)


def reclassify(
    parts: Parts, site: Site, *, dry_run: bool, progress: Progress = silent
) -> Mapping[str, object]:
    """Classify the site's events again by the rules of now, and rebuild what that changes."""
    spool = parts.settings.spool
    found = reclassify_events(
        parts.warehouse, site, spool, parts.clock, dry_run=dry_run, progress=progress
    )
    left = reconcile(parts).left if found.changed and not dry_run else 0
    fields: dict[str, object] = msgspec.to_builtins(found)
    return fields | {"left": left}


def add_goal(parts: Parts, wish: GoalWish) -> dict[str, Any]:
    """A new goal, applied to history by the next reconcile. InvalidInput for what contradicts."""
    goal = grant_goal(parts.db, wish, now=parts.clock())
    mark_credits(parts.warehouse, parts.db, get_site(parts.db, goal.site))
    return goal_fields(goal)


def remove_goal(parts: Parts, site: Site, name: str) -> dict[str, Any]:
    """Remove a goal; its conversions go with the next reconcile."""
    goal = goals.remove_goal(parts.db, site.key, name)
    mark_credits(parts.warehouse, parts.db, site)
    return goal_fields(goal)


def change_stages(parts: Parts, site: Site, stages: Sequence[Stage]) -> dict[str, Any]:
    """Replace the stages of a site's pipeline; none means the usual ones."""
    pipeline = set_stages(parts.db, site.key, stages)
    mark_credits(parts.warehouse, parts.db, site)
    return pipeline_fields(site.key, pipeline)


def pipeline_fields(site: str, pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline in JSON."""
    stages = [
        {"key": one.key, "role": one.role, "name": one.name, "aliases": list(one.aliases)}
        for one in pipeline.stages
    ]
    return {"site": site, "stages": stages}


def goal_filter(parts: Parts, site: str, name: str) -> str:
    """The stored form of a goal or stage that a report is limited to; empty for all."""
    if not name or name.startswith(("stage:", "repeat:")):
        return name
    return goals.get_goal(parts.db, site, name).id


def wants_previous(compare: str) -> bool:
    """Whether the previous period is asked for."""
    if compare not in ("", "none", "previous"):
        raise InvalidInput(f"Unknown comparison {compare!r}.", hint="Allowed: previous.")
    return compare == "previous"


def site_changed(parts: Parts, before: Site | None, after: Site) -> None:
    """Mark what follows from a change of a site's rules."""
    if before is None:
        return
    if before.settings.repeat_orders != after.settings.repeat_orders:
        mark_credits(parts.warehouse, parts.db, after)
    if replace(before, **{name: getattr(after, name) for name in _HARMLESS}) == after:
        return
    if (before.timezone, before.visit_timeout, before.currency) == (
        after.timezone,
        after.visit_timeout,
        after.currency,
    ):
        mark_credits(parts.warehouse, parts.db, after)
    else:
        mark_visits(parts.warehouse, parts.db, after)


#: Fields of a site that no stored row depends on.
_HARMLESS = ("name", "domains", "margin", "brand_terms", "settings")


def requeue(parts: Parts) -> dict[str, int]:
    """Put refused segments back into the spool and load them."""
    count = requeue_failed(parts.settings.spool, parts.clock)
    return {"segments": count, "events": load(parts)}


def check_connection_now(parts: Parts, connection: str) -> dict[str, Any]:
    """Ask the platform something that needs the authorisation, and list what it reaches."""
    found = get_connection(parts.db, connection)
    outcome = asyncio.run(check_connection(parts.workshop(), found))
    accounts = list_accounts(parts.db, connection)
    return {**outcome._asdict(), "accounts": [account_fields(one) for one in accounts]}


def run_connection(
    parts: Parts,
    connection: str,
    account: str,
    days: Period | None,
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Run a connection now and wait for the end: the recent days, or those given."""
    found = get_connection(parts.db, connection)
    runs = ask(parts.db, found, account or None, days, parts.clock)
    return {"runs": [run_fields(run) for run in finish(parts.workshop(), runs, progress)]}


def resume_connection_run(parts: Parts, run: str, *, progress: Progress = silent) -> dict[str, Any]:
    """Let a run that was stopped or has failed go on, and wait for its end."""
    found = get_connection_run(parts.db, run)
    again(parts.db, get_connection(parts.db, found.connection), run, parts.clock)
    return {"runs": [run_fields(one) for one in finish(parts.workshop(), [run], progress)]}


def diagnose(parts: Parts) -> dict[str, Any]:
    """What is in good order, and what is not."""
    parts.warehouse.ping()
    backlog = marks.backlog(parts.db)
    failed = failed_segments(parts.settings.spool)
    problems = [*parts.enricher.geography.problems()]
    problems += [
        f"Connection {one.name}: {one.error}" for one in list_connections(parts.db) if one.error
    ]
    problems += [f"Refused segment {segment.path.name}: {why}" for segment, why in failed]
    return {
        "warehouse": str(parts.warehouse.address),
        "metadata": parts.db.dialect.name,
        "dirty": {entry.kind: entry.count for entry in backlog},
        "oldest": min((entry.oldest.isoformat() for entry in backlog), default=None),
        "reconciling": leases.held(parts.db, LEASE, parts.clock()),
        "failed_segments": len(failed),
        "findings": _findings(parts),
        "problems": problems,
    }


#: With more sites than this, ask for the health of each by itself.
_SITES_CHECKED = 20


def _findings(parts: Parts) -> dict[str, int]:
    """How many findings about spend there are, by kind, beside those that only inform."""
    sites = list_sites(parts.db)
    deps = HealthDeps(parts.warehouse, parts.db, parts.clock())
    found = [
        one.kind
        for site in sites[:_SITES_CHECKED]
        for one in site_health(deps, site).findings
        if one.severity != "information"
    ]
    return dict(Counter(found))


def erase(parts: Parts, site: Site, person: str) -> Erased:
    """Erase a person everywhere; sums follow with the next reconcile."""
    deps = ErasureDeps(
        warehouse=parts.warehouse,
        db=parts.db,
        clock=parts.clock,
        spool=parts.settings.spool,
        load=lambda: load(parts),
        holder=f"{parts.holder} erasing",
    )
    return erase_person(deps, site, person)


def export(parts: Parts, site: Site, person: str) -> dict[str, Any]:
    """Everything that is stored about a person."""
    visitors = visitors_of(parts.warehouse, site, person)
    return export_person(parts.warehouse, parts.db, site, visitors)


def goals_changed(parts: Parts, site: Site) -> None:
    """Mark what follows from a goal that was added or removed."""
    mark_credits(parts.warehouse, parts.db, site)
