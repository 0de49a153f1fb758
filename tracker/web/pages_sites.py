"""Sites: the list, a new one, its settings, and how its pages are tagged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.access import require_tenant, visible_sites
from tracker.accounts.rights import Right
from tracker.accounts.sites import (
    DEFAULT_LOOKBACK_DAYS,
    DEFAULT_VISIT_TIMEOUT,
    Site,
    SiteSettings,
    add_site,
    update_site,
)
from tracker.accounts.tenants import Tenant, list_tenants
from tracker.errors import AccessDenied, InvalidInput, Unavailable
from tracker.period import local_day, parse_zone
from tracker.reports.keywords import keyword_report
from tracker.reports.result import Metrics
from tracker.spend.tags import PLACES
from tracker.web.call import Call
from tracker.web.forms import COMMON_CURRENCIES, COMMON_ZONES, site_changes, site_form
from tracker.web.messages import translated, translated_text
from tracker.web.query import page_request, read_page_query
from tracker.web.vocabulary import platform_name

#: A list of more sites than this has no figures: each site's are a report of its own.
_MOST_FIGURES = 20
_EMPTY = {
    "name": "",
    "domains": "",
    "timezone": "",
    "currency": "",
    "margin": "",
    "group_margins": "",
    "tax_rate": "",
    "visit_timeout": str(DEFAULT_VISIT_TIMEOUT // 60),
    "lookback_days": str(DEFAULT_LOOKBACK_DAYS),
    "half_life_days": str(SiteSettings().half_life_days),
    "brand_terms": "",
    "tenant": "",
}


async def start(_: Call) -> Response:
    """The way from the bare address to the sites."""
    return RedirectResponse("/sites", status_code=303)


async def site_start(call: Call) -> Response:
    """A site's own address leads to its report."""
    return RedirectResponse(f"/sites/{call.site.key}/keywords", status_code=303)


async def show_sites(call: Call) -> Response:
    """Every site that the user may read, with its figures of this month."""
    sites = await to_thread.run_sync(visible_sites, call.parts.db, call.principal)
    tenants = await to_thread.run_sync(_owned, call)
    months = await to_thread.run_sync(_months, call, sites)
    return call.pages.render(call, "sites.html", sites=sites, months=months, may_add=bool(tenants))


def _months(call: Call, sites: Sequence[Site]) -> dict[str, Metrics]:
    """The totals of this month by site; none of many sites, or while the warehouse is away."""
    if len(sites) > _MOST_FIGURES:
        return {}
    try:
        return {site.key: _month(call, site) for site in sites}
    except Unavailable:
        return {}


def _month(call: Call, site: Site) -> Metrics:
    today = local_day(call.parts.clock(), parse_zone(site.timezone))
    query = read_page_query({"period": "this_month", "limit": "1"}, today)
    request = page_request(query, site)
    parts = call.parts
    return keyword_report(parts.warehouse, parts.db, request, clock=parts.clock).totals


async def new_site_form(call: Call) -> Response:
    """The form for a new site."""
    tenants = await to_thread.run_sync(_required, call)
    zone = "Asia/Shanghai" if call.language.tag.startswith("zh") else "UTC"
    currency = "CNY" if call.language.tag.startswith("zh") else "USD"
    form = _EMPTY | {"timezone": zone, "currency": currency}
    return _site_page(call, "site_new.html", form, tenants=tenants)


async def add_new_site(call: Call) -> Response:
    """Add the site and show how its pages are tagged."""
    tenants = await to_thread.run_sync(_required, call)
    tenant = call.form.get("tenant", "") or tenants[0].id
    require_tenant(call.principal, tenant, Right.ADMIN)
    try:
        make = partial(
            add_site,
            call.parts.db,
            tenant=tenant,
            now=call.parts.clock(),
            **site_changes(call.form, SiteSettings()),
        )
        site = await to_thread.run_sync(make)
    except InvalidInput as error:
        return _site_refused(call, "site_new.html", error, tenants=tenants)
    await to_thread.run_sync(call.parts.actions.site_changed, None, site)
    return RedirectResponse(f"/sites/{site.key}/install", status_code=303)


async def settings_form(call: Call) -> Response:
    """The settings as they are."""
    done = call.request.query_params.get("done") == "1"
    return _site_page(call, "settings.html", site_form(call.site), done=done)


async def change_settings(call: Call) -> Response:
    """Keep the settings and have computed again what depends on them."""
    try:
        changes = site_changes(call.form, call.site.settings)
        change = partial(update_site, call.parts.db, call.site.key, **changes)
        site = await to_thread.run_sync(change)
    except InvalidInput as error:
        return _site_refused(call, "settings.html", error, done=False)
    await to_thread.run_sync(call.parts.actions.site_changed, call.site, site)
    return RedirectResponse(f"/sites/{site.key}/settings?done=1", status_code=303)


async def install(call: Call) -> Response:
    """The snippet to embed, and for each platform the tracking template to paste."""
    tags = await to_thread.run_sync(_tags, call)
    return call.pages.render(call, "install.html", snippet=snippet(call), tags=tags)


def snippet(call: Call) -> str:
    """The line that the company's pages embed."""
    return f'<script defer src="{call.public_url()}/t.js" data-site="{call.site.key}"></script>'


def _tags(call: Call) -> list[tuple[str, str, str]]:
    """Name, template and place of every platform that we know macros of."""
    return [
        (
            platform_name(call.language, platform),
            call.parts.actions.tags_for(call.site, platform),
            translated_text(call.language, place),
        )
        for platform, place in PLACES.items()
    ]


def _owned(call: Call) -> list[Tenant]:
    """The company accounts in which the user may add sites."""
    return [
        tenant
        for tenant in list_tenants(call.parts.db)
        if (held := call.principal.right_in(tenant.id)) and held.covers(Right.ADMIN)
    ]


def _required(call: Call) -> list[Tenant]:
    tenants = _owned(call)
    if not tenants:
        raise AccessDenied(
            "Only an owner of the account adds sites.", hint="Ask an owner of the account for it."
        )
    return tenants


def _site_page(
    call: Call, template: str, form: dict[str, str], *, status: int = 200, **context: object
) -> Response:
    choices = {"zones": COMMON_ZONES, "currencies": COMMON_CURRENCIES}
    values = {"problem": "", "form": form} | choices | context
    return call.pages.render(call, template, status=status, **values)


def _site_refused(call: Call, template: str, error: InvalidInput, **context: object) -> Response:
    message, hint = translated(call.language, error)
    problem = f"{message} {hint}".strip()
    form = _EMPTY | dict(call.form)
    return _site_page(
        call, template, form, status=error.status, problem=problem, wrong=error.field, **context
    )
