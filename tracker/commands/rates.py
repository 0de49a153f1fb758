"""Exchange rates: by hand, from files, and from the address of the settings."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import httpx
import msgspec

from tracker.accounts.sites import get_site
from tracker.accounts.tenants import list_tenants
from tracker.commands.progress import Progress
from tracker.errors import InvalidInput
from tracker.money import parse_currency
from tracker.parts import Parts
from tracker.reconcile.marking import mark_money
from tracker.reports.rates import rate_needs, rate_spans
from tracker.requests.spend import FetchRates, ImportRates, ListRates, RemoveRate, SetRate
from tracker.spend.rate_entry import enter_rate, parse_rate, parse_span, remove_rate
from tracker.spend.rate_source import (
    ECB,
    FetchedRates,
    fetch_quotations,
    needed_pairs,
    take_quotations,
)
from tracker.spend.rates import import_rates_file


def import_rates(parts: Parts, request: ImportRates, _: Progress) -> object:
    """A file of exchange rates for the tenant of a site."""
    tenant = _tenant_of(parts, request.site)
    return import_rates_file(
        parts.warehouse,
        parts.db,
        tenant,
        Path(request.file),
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
        mark_money=lambda days: mark_money(parts.db, tenant, days),
    )


def standing(parts: Parts, request: ListRates, _: Progress) -> object:
    """The rates of the site's company, and what the site's figures need and lack."""
    site = get_site(parts.db, request.site)
    pair = {
        name: parse_currency(code)
        for name, code in (("base", request.base), ("quote", request.quote))
        if code
    }
    return {
        "needs": rate_needs(parts.warehouse, site, parts.clock()),
        "rates": rate_spans(
            parts.warehouse, site.tenant, **pair, limit=request.limit, offset=request.offset
        ),
    }


def enter(parts: Parts, request: SetRate, _: Progress) -> object:
    """One rate for some days, in place of what stands."""
    site = get_site(parts.db, request.site)
    span = parse_span(msgspec.structs.asdict(request), site.currency)
    mark = partial(mark_money, parts.db, site.tenant)
    rate = parse_rate(request.rate)
    return enter_rate(parts.warehouse, parts.db, site.tenant, span, rate, mark_money=mark)


def remove(parts: Parts, request: RemoveRate, _: Progress) -> object:
    """No rate of the pair for some days."""
    site = get_site(parts.db, request.site)
    span = parse_span(msgspec.structs.asdict(request), site.currency)
    mark = partial(mark_money, parts.db, site.tenant)
    return remove_rate(parts.warehouse, parts.db, site.tenant, span, mark_money=mark)


def fetch_rates(parts: Parts, _: FetchRates, __: Progress) -> object:
    """Daily exchange rates for every company that needs any."""
    return {"fetched": fetch_all(parts)}


def fetch_all(parts: Parts, client: httpx.Client | None = None) -> list[FetchedRates]:
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


def _tenant_of(parts: Parts, site: str) -> str:
    """The tenant of a site; without a site, the only tenant there is."""
    if site:
        return get_site(parts.db, site).tenant
    tenants = list_tenants(parts.db)
    if len(tenants) != 1:
        raise InvalidInput(
            f"This installation has {len(tenants)} companies.", hint="Name a site with --site."
        )
    return tenants[0].id
