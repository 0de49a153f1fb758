"""Spend: from files and from scripts, into the ad accounts of a site."""

from __future__ import annotations

from pathlib import Path

from tracker.accounts.sites import Site, get_site
from tracker.commands.progress import Progress, silent
from tracker.parts import Parts
from tracker.requests.spend import ImportSpend
from tracker.spend.importer import SpendDeps, SpendOptions, SpendReport, import_spend_file
from tracker.spend.push import import_push


def import_spend(parts: Parts, request: ImportSpend, progress: Progress) -> object:
    """A spend file into the site's ad account."""
    options = SpendOptions(
        platform=request.platform,
        account=request.account,
        currency=request.currency,
        mapping=request.columns,
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
        replace=request.replace,
        partial=request.partial,
        period_total=request.period_total,
    )
    site = get_site(parts.db, request.site)
    return import_file(parts, site, Path(request.file), options, progress=progress)


def import_file(
    parts: Parts, site: Site, path: Path, options: SpendOptions, *, progress: Progress = silent
) -> SpendReport:
    """A spend file into the site's ad account."""
    deps = SpendDeps(warehouse=parts.warehouse, db=parts.db, clock=parts.clock)
    return import_spend_file(deps, site, path, options, progress)


def push_spend(parts: Parts, site: Site, body: bytes) -> SpendReport:
    """Whole days of spend that a script sends, into the site's ad account."""
    deps = SpendDeps(warehouse=parts.warehouse, db=parts.db, clock=parts.clock)
    return import_push(deps, site, body)
