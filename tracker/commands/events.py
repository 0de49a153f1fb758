"""Stored events: brought in from the past, and classified again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tracker.accounts.sites import get_site
from tracker.commands import upkeep
from tracker.commands.progress import Progress
from tracker.ingest.draft import Environment
from tracker.ingest.history import HistoryReport, import_history
from tracker.ingest.identity import Visitors
from tracker.ingest.reclassify import reclassify as reclassify_events
from tracker.ingest.sightings import Sightings
from tracker.ingest.suppressed import Suppressed
from tracker.parts import Parts
from tracker.requests.events import ImportEvents, Reclassify


def import_events(parts: Parts, request: ImportEvents, progress: Progress) -> HistoryReport:
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
        Path(request.file),
        get_site(parts.db, request.site),
        parts.settings.spool,
        env,
        parts.clock,
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
        progress=progress,
    )
    if not request.dry_run:
        upkeep.load(parts)
    return report


def reclassify(parts: Parts, request: Reclassify, progress: Progress) -> object:
    """Classify the site's events again by the rules of now, and rebuild what that changes."""
    site = get_site(parts.db, request.site)
    found = reclassify_events(
        parts.warehouse,
        site,
        parts.settings.spool,
        parts.clock,
        dry_run=request.dry_run,
        progress=progress,
    )
    left = upkeep.settle(parts).left if found.changed and not request.dry_run else 0
    fields: dict[str, object] = msgspec.to_builtins(found)
    return fields | {"left": left}
