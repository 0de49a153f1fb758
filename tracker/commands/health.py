"""What is in good order, and what is not: of a site's spend, and of the installation."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from tracker.accounts import leases, marks
from tracker.accounts.connections import list_connections
from tracker.accounts.sites import get_site, list_sites
from tracker.commands.progress import Progress
from tracker.ingest.refusals import failed_segments
from tracker.ingest.room import room_of
from tracker.parts import Parts, spool_limits
from tracker.reconcile.reconciler import LEASE
from tracker.requests.upkeep import CheckHealth, Diagnose
from tracker.spend.health import HealthDeps, site_health
from tracker.warehouse.sql import load_sql

#: With more sites than this, ask for the health of each by itself.
_SITES_CHECKED = 20


def check(parts: Parts, request: CheckHealth, _: Progress) -> object:
    """Findings about the spend of a site."""
    deps = HealthDeps(parts.warehouse, parts.db, parts.clock())
    return site_health(deps, get_site(parts.db, request.site))


def diagnose(parts: Parts, _: Diagnose, __: Progress) -> object:
    """The state of the installation."""
    parts.warehouse.ping()
    backlog = marks.backlog(parts.db)
    failed = failed_segments(parts.settings.spool)
    problems = [*parts.enricher.geography.problems()]
    problems += [
        f"Connection {one.name}: {one.error}" for one in list_connections(parts.db) if one.error
    ]
    problems += [f"Refused segment {segment.path.name}: {why}" for segment, why in failed]
    limits, room = spool_limits(parts.settings), room_of(parts.settings.spool)
    if problem := room.problem(limits.budget_bytes, limits.reserve_bytes):
        problems.append(f"Events are refused: the spool {problem}.")
    return {
        "warehouse": str(parts.warehouse.address),
        "metadata": parts.db.dialect.name,
        "dirty": {entry.kind: entry.count for entry in backlog},
        "oldest": min((entry.oldest.isoformat() for entry in backlog), default=None),
        "reconciling": leases.held(parts.db, LEASE, parts.clock()),
        "failed_segments": len(failed),
        "spool": {
            "waiting_bytes": room.used,
            "budget_bytes": limits.budget_bytes,
            "free_bytes": room.free,
            "kept_free_bytes": limits.reserve_bytes,
        },
        "last_event": _last_event(parts),
        "findings": _findings(parts),
        "problems": problems,
    }


def _last_event(parts: Parts) -> str | None:
    """When the newest event happened that is loaded."""
    ((last,),) = parts.warehouse.rows(load_sql("tracker.commands", "last_event.sql"))
    return last.isoformat() if isinstance(last, datetime) else None


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
