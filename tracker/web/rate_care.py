"""Exchange rates that a page or a program enters or removes, within what the caller may.

Rates hold for the whole company: who changes them must administer each of its sites.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tracker.accounts.rights import Right
from tracker.accounts.runs import finish_run, start_run
from tracker.accounts.sites import list_sites
from tracker.errors import AccessDenied, TrackerError
from tracker.reconcile.marking import mark_money
from tracker.spend.rate_entry import RateEntry, enter_rate, parse_rate, parse_span, remove_rate
from tracker.spend.rates import MarkMoney, RatesReport, import_rates_file
from tracker.web.call import Call
from tracker.web.uploads import Upload


def may_change(call: Call) -> bool:
    """Whether the caller may change rates, which hold for every site of the company."""
    held = [call.principal.right_on(one) for one in list_sites(call.parts.db, call.site.tenant)]
    return all(right is not None and right.covers(Right.ADMIN) for right in held)


def enter(call: Call, fields: Mapping[str, str]) -> RateEntry:
    """Enter or correct ``rate`` for ``base`` and ``quote`` from ``first`` to ``last``."""
    _require(call)
    span = parse_span(fields, call.site.currency)
    rate = parse_rate(fields.get("rate", ""))
    parts, tenant = call.parts, call.site.tenant
    return enter_rate(parts.warehouse, parts.db, tenant, span, rate, mark_money=_mark(call))


def remove(call: Call, fields: Mapping[str, str]) -> RateEntry:
    """Remove the pair's rates from ``first`` to ``last``."""
    _require(call)
    span = parse_span(fields, call.site.currency)
    parts, tenant = call.parts, call.site.tenant
    return remove_rate(parts.warehouse, parts.db, tenant, span, mark_money=_mark(call))


def take_file(call: Call, upload: Upload, *, quote: str, dry_run: bool, skip: bool) -> RatesReport:
    """Import a file of rates, recorded as a run of the site that it was sent to."""
    _require(call)
    work = partial(
        import_rates_file,
        call.parts.warehouse,
        call.parts.db,
        call.site.tenant,
        upload.path,
        mark_money=_mark(call),
        quote=quote,
        dry_run=dry_run,
        skip_bad_rows=skip,
        filename=upload.filename,
        file_limit=call.parts.settings.upload_limit,
    )
    if dry_run:
        return work()
    db, clock = call.parts.db, call.parts.clock
    run = start_run(db, job="rates_import", site=call.site.key, trigger="upload", now=clock())
    try:
        report = work()
    except BaseException as error:
        known = str(error) if isinstance(error, TrackerError) else type(error).__name__
        finish_run(db, run, "failed", error=f"{upload.filename}: {known}", now=clock())
        raise
    told = {"file": upload.filename, "added": report.added, "replaced": report.replaced}
    finish_run(db, run, "ok", rows=report.rows, totals=told, now=clock())
    return report


def _mark(call: Call) -> MarkMoney:
    return partial(mark_money, call.parts.db, call.site.tenant)


def _require(call: Call) -> None:
    if not may_change(call):
        raise AccessDenied(
            "Exchange rates hold for every site of the company.",
            hint="Ask somebody who administers all of them.",
        )
