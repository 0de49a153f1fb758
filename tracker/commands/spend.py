"""Spend: from files and from scripts, into the ad accounts of a site."""

from __future__ import annotations

from pathlib import Path

from tracker.accounts.ad_accounts import accounts_of_site
from tracker.accounts.held_files import held_files
from tracker.accounts.sites import Site, get_site
from tracker.commands.progress import Progress, silent
from tracker.parts import Parts
from tracker.period import Period
from tracker.requests.spend import (
    AcceptHeld,
    DiscardHeld,
    ImportInvalid,
    ImportSpend,
    ListHeld,
    ListInvalid,
)
from tracker.spend import archive, holding
from tracker.spend.archive import ArchiveReport
from tracker.spend.importer import SpendDeps, SpendOptions, SpendReport
from tracker.spend.invalid_clicks import import_invalid_file, invalid_sums
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


def import_invalid(parts: Parts, request: ImportInvalid, _: Progress) -> object:
    """A platform's report of invalid clicks into the site's ad account."""
    return import_invalid_file(
        SpendDeps(warehouse=parts.warehouse, db=parts.db, clock=parts.clock),
        get_site(parts.db, request.site),
        Path(request.file),
        platform=request.platform,
        account=request.account,
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
    )


def invalid(parts: Parts, request: ListInvalid, _: Progress) -> object:
    """What platforms took back as invalid from the accounts that belong to the site."""
    site = get_site(parts.db, request.site)
    days = Period.parse(request.first, request.last)
    ours = {(one.platform, one.account) for one in accounts_of_site(parts.db, site.key)}
    found = invalid_sums(parts.warehouse, site.tenant, days.first, days.last)
    return {"accounts": [one for one in found if (one.platform, one.account) in ours]}
