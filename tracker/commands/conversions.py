"""Offline conversions: from files, and one by one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tracker.accounts.sites import Site, get_site
from tracker.commands.progress import Progress, silent
from tracker.conversions.entries import take_entries
from tracker.conversions.offline import OfflineDeps, OfflineOptions, OfflineReport, import_offline
from tracker.ingest.classify import classify
from tracker.ingest.identity import visitor_number
from tracker.ingest.sightings import site_rules
from tracker.parts import Parts
from tracker.requests.conversions import ImportConversions, TakeConversions


def import_conversions(parts: Parts, request: ImportConversions, progress: Progress) -> object:
    """A file of offline conversions."""
    return import_file(
        parts,
        get_site(parts.db, request.site),
        Path(request.file),
        mapping=request.columns,
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
        progress=progress,
    )


def take_conversions(parts: Parts, request: TakeConversions, _: Progress) -> object:
    """Conversions one by one; all of them or none."""
    site = get_site(parts.db, request.site)
    return take_entries(offline_deps(parts, site), site, request.entries)


def import_file(
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
