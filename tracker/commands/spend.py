"""Spend: from files and from scripts, into the ad accounts of a site."""

from __future__ import annotations

from pathlib import Path

from tracker.accounts.held_files import held_files
from tracker.accounts.sites import Site, get_site
from tracker.commands.progress import Progress, silent
from tracker.parts import Parts
from tracker.requests.spend import AcceptHeld, DiscardHeld, ImportSpend, ListHeld
from tracker.spend import archive, holding
from tracker.spend.archive import ArchiveReport
from tracker.spend.importer import SpendOptions, SpendReport
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
) -> SpendReport | ArchiveReport:
    """A spend file, or an archive of several, into the site's ad accounts."""
    return archive.import_spend(parts.spend_deps(), site, path, options, progress)


def push_spend(parts: Parts, site: Site, body: bytes) -> SpendReport:
    """Whole days of spend that a script sends, into the site's ad account."""
    return import_push(parts.spend_deps(), site, body)


def list_held(parts: Parts, request: ListHeld, _: Progress) -> object:
    """The files of a site that wait for a decision."""
    site = get_site(parts.db, request.site)
    return {"held": [holding.held_fields(one) for one in held_files(parts.db, site.key)]}


def accept_held(parts: Parts, request: AcceptHeld, progress: Progress) -> object:
    """Import a file that waits, with consent."""
    site, deps = get_site(parts.db, request.site), parts.spend_deps()
    return holding.accept(deps, site, request.held, partial=request.partial, progress=progress)


def discard_held(parts: Parts, request: DiscardHeld, _: Progress) -> object:
    """Throw a file that waits away."""
    site = get_site(parts.db, request.site)
    return holding.held_fields(holding.discard(parts.spend_deps(), site, request.held))
