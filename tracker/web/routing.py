"""The table of routes: each method of each path with its access rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tracker.web import (
    api,
    api_accounts,
    api_conversions,
    api_mappings,
    api_people,
    api_pipeline,
    api_rates,
    assets,
    pages_accounts,
    pages_attribution,
    pages_connection_runs,
    pages_connections,
    pages_entry,
    pages_explore,
    pages_goals,
    pages_health,
    pages_held,
    pages_imports,
    pages_keywords,
    pages_leads,
    pages_live,
    pages_people,
    pages_pipeline,
    pages_rates,
    pages_runs,
    pages_scripts,
    pages_sites,
    pages_tokens,
)
from tracker.web.auth import form_secret, is_https
from tracker.web.errors import foreseen, json_error, page_error
from tracker.web.guard import Guarded, open_call
from tracker.web.parts import WebParts
from tracker.web.rendering import secured, standard_pages
from tracker.web.rules import Access, Endpoint, Surface

_PUBLIC, _SET_UP, _LOGGED_IN = Access.PUBLIC, Access.SET_UP, Access.LOGGED_IN
_READ, _WRITE, _ADMIN = Access.SITE_READ, Access.SITE_WRITE, Access.SITE_ADMIN
_SITE = "/sites/{site}"
_API = "/api/v1"
_CONNECTION = f"{_SITE}/connections/{{connection}}"
_CONNECTION_RUN = f"{_SITE}/connections/runs/{{run}}"

PAGES = (
    Endpoint("GET", "/assets/{name}", assets.asset, _PUBLIC),
    Endpoint("GET", "/", pages_sites.start, _LOGGED_IN),
    Endpoint("GET", "/setup", pages_entry.set_up_form, _SET_UP),
    Endpoint("POST", "/setup", pages_entry.set_up_owner, _SET_UP),
    Endpoint("GET", "/login", pages_entry.log_in_form, _PUBLIC),
    Endpoint("POST", "/login", pages_entry.log_in, _PUBLIC),
    Endpoint("POST", "/logout", pages_entry.log_out, _PUBLIC),
    Endpoint("POST", "/preferences", pages_entry.set_preferences, _PUBLIC),
    Endpoint("GET", "/account", pages_entry.account, _LOGGED_IN),
    Endpoint("POST", "/account", pages_entry.change_own_password, _LOGGED_IN),
    Endpoint("GET", "/sites", pages_sites.show_sites, _LOGGED_IN),
    # Adding a site asks for a right on the company account, which the handler checks.
    Endpoint("GET", "/sites/new", pages_sites.new_site_form, _LOGGED_IN),
    Endpoint("POST", "/sites/new", pages_sites.add_new_site, _LOGGED_IN),
    Endpoint("GET", _SITE, pages_sites.site_start, _READ),
    Endpoint("GET", f"{_SITE}/keywords", pages_keywords.show, _READ),
    Endpoint("GET", f"{_SITE}/keywords.csv", pages_keywords.export, _READ),
    Endpoint("GET", f"{_SITE}/explore", pages_explore.show, _READ),
    Endpoint("POST", f"{_SITE}/explore/views", pages_explore.save, _WRITE),
    Endpoint("POST", f"{_SITE}/explore/views/remove", pages_explore.forget, _WRITE),
    Endpoint("GET", f"{_SITE}/attribution", pages_attribution.show, _READ),
    Endpoint("GET", f"{_SITE}/attribution/{{conversion}}", pages_attribution.show_one, _READ),
    Endpoint("GET", f"{_SITE}/live", pages_live.show_live, _READ),
    Endpoint("GET", f"{_SITE}/live/list", pages_live.live_list, _READ),
    Endpoint("GET", f"{_SITE}/goals", pages_goals.show_goals, _READ),
    Endpoint("POST", f"{_SITE}/goals", pages_goals.add_new_goal, _WRITE),
    Endpoint("POST", f"{_SITE}/goals/remove", pages_goals.remove_one, _WRITE),
    Endpoint("GET", f"{_SITE}/leads", pages_leads.show_leads, _READ),
    Endpoint("POST", f"{_SITE}/leads", pages_leads.add_lead, _WRITE),
    Endpoint("GET", f"{_SITE}/lead", pages_leads.show_lead, _READ),
    Endpoint("POST", f"{_SITE}/leads/move", pages_leads.move, _WRITE),
    Endpoint("POST", f"{_SITE}/leads/correct", pages_leads.correct, _WRITE),
    Endpoint("GET", f"{_SITE}/people", pages_people.show_people, _READ),
    Endpoint("GET", f"{_SITE}/people/{{person}}", pages_people.show_person, _READ),
    Endpoint("GET", f"{_SITE}/people/{{person}}/export", pages_people.export, _WRITE),
    Endpoint("POST", f"{_SITE}/people/{{person}}/card", pages_people.change_card, _WRITE),
    Endpoint("POST", f"{_SITE}/people/{{person}}/notes", pages_people.note, _WRITE),
    Endpoint("POST", f"{_SITE}/people/{{person}}/join", pages_people.join, _WRITE),
    Endpoint("POST", f"{_SITE}/people/{{person}}/part", pages_people.part, _WRITE),
    Endpoint("POST", f"{_SITE}/people/{{person}}/erase", pages_people.erase, _ADMIN),
    Endpoint("GET", f"{_SITE}/pipeline", pages_pipeline.show_pipeline, _READ),
    Endpoint("GET", f"{_SITE}/pipeline/stages", pages_pipeline.show_stages, _ADMIN),
    Endpoint("POST", f"{_SITE}/pipeline/stages", pages_pipeline.change_stages, _ADMIN),
    Endpoint("POST", f"{_SITE}/pipeline/webhooks", pages_pipeline.add_hook, _ADMIN),
    Endpoint("POST", f"{_SITE}/pipeline/webhooks/remove", pages_pipeline.drop_hook, _ADMIN),
    Endpoint("GET", f"{_SITE}/imports", pages_imports.show_imports, _WRITE),
    Endpoint("POST", f"{_SITE}/imports", pages_imports.preview, _WRITE, upload=True),
    Endpoint("POST", f"{_SITE}/imports/confirm", pages_imports.confirm, _WRITE),
    Endpoint("POST", f"{_SITE}/imports/held", pages_held.decide, _WRITE),
    Endpoint("GET", f"{_SITE}/accounts", pages_accounts.show_accounts, _READ),
    Endpoint("POST", f"{_SITE}/accounts", pages_accounts.move, _ADMIN),
    Endpoint("POST", f"{_SITE}/accounts/rules", pages_accounts.add_one, _ADMIN),
    Endpoint("POST", f"{_SITE}/accounts/rules/remove", pages_accounts.remove_one, _ADMIN),
    Endpoint("POST", f"{_SITE}/accounts/invalid", pages_accounts.take_report, _WRITE, upload=True),
    # Rates hold for the company: the handlers ask for the right on each of its sites.
    Endpoint("GET", f"{_SITE}/rates", pages_rates.show_rates, _READ),
    Endpoint("POST", f"{_SITE}/rates", pages_rates.enter_one, _ADMIN),
    Endpoint("POST", f"{_SITE}/rates/remove", pages_rates.remove_one, _ADMIN),
    Endpoint("POST", f"{_SITE}/rates/files", pages_rates.take_rates, _ADMIN, upload=True),
    Endpoint("GET", f"{_SITE}/health", pages_health.show_health, _READ),
    Endpoint("GET", f"{_SITE}/connections", pages_connections.show_connections, _WRITE),
    Endpoint("GET", f"{_SITE}/connections/new", pages_connections.new_form, _ADMIN),
    Endpoint("POST", f"{_SITE}/connections/new", pages_connections.add_new, _ADMIN),
    Endpoint("GET", f"{_CONNECTION_RUN}", pages_connection_runs.show_run, _WRITE),
    Endpoint("GET", f"{_CONNECTION_RUN}/progress", pages_connection_runs.progress, _WRITE),
    Endpoint("POST", f"{_CONNECTION_RUN}/stop", pages_connection_runs.stop, _WRITE),
    Endpoint("POST", f"{_CONNECTION_RUN}/resume", pages_connection_runs.resume, _WRITE),
    Endpoint("GET", _CONNECTION, pages_connections.show_connection, _WRITE),
    Endpoint("POST", f"{_CONNECTION}/run", pages_connection_runs.start_run, _WRITE),
    Endpoint("POST", f"{_CONNECTION}/test", pages_connections.try_connection, _WRITE),
    Endpoint("POST", f"{_CONNECTION}/secrets", pages_connections.enter_secrets, _ADMIN),
    Endpoint("POST", f"{_CONNECTION}/schedule", pages_connections.change_schedule, _ADMIN),
    Endpoint("POST", f"{_CONNECTION}/accounts", pages_connections.change_accounts, _ADMIN),
    Endpoint("POST", f"{_CONNECTION}/state", pages_connections.change_state, _ADMIN),
    Endpoint("POST", f"{_CONNECTION}/authorise", pages_connections.authorise, _ADMIN),
    # The state in the address says which connection it is about, and whose it is.
    Endpoint("GET", pages_connections.CALLBACK, pages_connections.callback, _LOGGED_IN),
    Endpoint("GET", f"{_SITE}/imports/scripts", pages_scripts.show_scripts, _WRITE),
    Endpoint("POST", f"{_SITE}/imports/scripts", pages_scripts.make_token, _ADMIN),
    Endpoint("GET", f"{_SITE}/runs", pages_runs.show_runs, _READ),
    Endpoint("POST", f"{_SITE}/runs", pages_runs.start_run, _WRITE),
    Endpoint("GET", f"{_SITE}/install", pages_sites.install, _READ),
    Endpoint("GET", f"{_SITE}/settings", pages_sites.settings_form, _ADMIN),
    Endpoint("POST", f"{_SITE}/settings", pages_sites.change_settings, _ADMIN),
    Endpoint("GET", f"{_SITE}/tokens", pages_tokens.show_tokens, _ADMIN),
    Endpoint("POST", f"{_SITE}/tokens", pages_tokens.add_new_token, _ADMIN),
    Endpoint("POST", f"{_SITE}/tokens/revoke", pages_tokens.revoke, _ADMIN),
)
API = tuple(
    Endpoint(method, _API + path, handler, access, Surface.API, upload=method == "POST")
    for method, path, handler, access in (
        ("GET", "/sites", api.sites, _LOGGED_IN),
        ("GET", "/sites/{site}/reports/keywords", api.keywords, _READ),
        ("GET", "/sites/{site}/reports/breakdown", api.breakdown, _READ),
        ("GET", "/sites/{site}/reports/pipeline", api_conversions.pipeline, _READ),
        ("GET", "/sites/{site}/people", api_people.people, _READ),
        ("GET", "/sites/{site}/people/{person}", api_people.person, _READ),
        ("GET", "/sites/{site}/people/{person}/export", api_people.export, _WRITE),
        ("POST", "/sites/{site}/people/{person}/card", api_people.change_card, _WRITE),
        ("POST", "/sites/{site}/people/{person}/notes", api_people.note, _WRITE),
        ("POST", "/sites/{site}/people/{person}/notes/remove", api_people.drop_note, _WRITE),
        ("POST", "/sites/{site}/people/{person}/join", api_people.join, _WRITE),
        ("POST", "/sites/{site}/people/{person}/part", api_people.part, _WRITE),
        ("POST", "/sites/{site}/people/{person}/rejoin", api_people.rejoin, _WRITE),
        ("POST", "/sites/{site}/people/{person}/erase", api_people.erase, _ADMIN),
        ("GET", "/sites/{site}/pipeline", api_pipeline.stages, _READ),
        ("POST", "/sites/{site}/pipeline", api_pipeline.change_stages, _ADMIN),
        ("GET", "/sites/{site}/webhooks", api_pipeline.webhooks, _ADMIN),
        ("POST", "/sites/{site}/webhooks", api_pipeline.add_hook, _ADMIN),
        ("POST", "/sites/{site}/webhooks/remove", api_pipeline.drop_hook, _ADMIN),
        ("GET", "/sites/{site}/lead", api_pipeline.lead, _READ),
        ("GET", "/sites/{site}/leads", api_conversions.leads, _READ),
        ("GET", "/sites/{site}/reports/models", api.models, _READ),
        ("GET", "/sites/{site}/reports/paths", api.paths, _READ),
        ("GET", "/sites/{site}/reports/match", api.match, _READ),
        ("GET", "/sites/{site}/conversions", api.conversions, _READ),
        ("GET", "/sites/{site}/conversions/{conversion}", api.one_conversion, _READ),
        ("GET", "/sites/{site}/goals", api.goals, _READ),
        ("POST", "/sites/{site}/goals", api.add_goal, _WRITE),
        ("POST", "/sites/{site}/goals/remove", api.drop_goal, _WRITE),
        ("GET", "/sites/{site}/accounts", api_accounts.accounts, _READ),
        ("POST", "/sites/{site}/accounts", api_accounts.move, _ADMIN),
        ("POST", "/sites/{site}/accounts/rules", api_accounts.add_rule, _ADMIN),
        ("POST", "/sites/{site}/accounts/rules/remove", api_accounts.drop_rule, _ADMIN),
        ("POST", "/sites/{site}/spend/invalid-clicks", api_accounts.import_invalid, _WRITE),
        ("GET", "/sites/{site}/rates", api_rates.rates, _READ),
        ("POST", "/sites/{site}/rates", api_rates.enter_rate, _ADMIN),
        ("POST", "/sites/{site}/rates/remove", api_rates.drop_rate, _ADMIN),
        ("POST", "/sites/{site}/rates/files", api_rates.import_rates, _ADMIN),
        ("GET", "/sites/{site}/health", api.health, _READ),
        ("GET", "/sites/{site}/runs", api.runs, _READ),
        ("GET", "/sites/{site}/runs/{run}", api.one_run, _READ),
        ("GET", "/sites/{site}/connections", pages_connection_runs.api_connections, _WRITE),
        (
            "GET",
            "/sites/{site}/connections/{connection}/runs",
            pages_connection_runs.api_runs,
            _WRITE,
        ),
        (
            "POST",
            "/sites/{site}/connections/{connection}/runs",
            pages_connection_runs.api_start,
            _WRITE,
        ),
        ("GET", "/sites/{site}/connection-runs/{run}", pages_connection_runs.api_run, _WRITE),
        (
            "POST",
            "/sites/{site}/connection-runs/{run}/stop",
            pages_connection_runs.api_stop,
            _WRITE,
        ),
        ("POST", "/sites/{site}/events", api.take_events, _WRITE),
        ("POST", "/sites/{site}/spend", api.push_spend, Access.SITE_SPEND),
        ("POST", "/sites/{site}/spend/files", api.import_spend, _WRITE),
        ("GET", "/sites/{site}/spend/mappings", api_mappings.mappings, _WRITE),
        ("POST", "/sites/{site}/spend/mappings", api_mappings.define_mapping, _WRITE),
        ("POST", "/sites/{site}/spend/mappings/remove", api_mappings.drop_mapping, _WRITE),
        ("GET", "/sites/{site}/spend/held", pages_held.api_held, _WRITE),
        ("POST", "/sites/{site}/spend/held/accept", pages_held.api_accept, _WRITE),
        ("POST", "/sites/{site}/spend/held/discard", pages_held.api_discard, _WRITE),
        ("POST", "/sites/{site}/conversions", api_conversions.take_conversions, _WRITE),
        ("POST", "/sites/{site}/conversions/files", api.import_conversions, _WRITE),
    )
)
HOOKS = (
    Endpoint(
        "POST",
        "/hooks/{secret}",
        api_conversions.take_delivery,
        _PUBLIC,
        Surface.API,
        own_secret=True,
    ),
)
ENDPOINTS: tuple[Endpoint, ...] = (*PAGES, *API, *HOOKS)

ExceptionHandler = Callable[[Request, Exception], Awaitable[Response]]


def routes(parts: WebParts) -> list[BaseRoute]:
    """Every route of the pages and the API, each behind its access rule."""
    pages = standard_pages()
    return [
        Route(
            endpoint.path,
            Guarded(endpoint, parts, pages),
            methods=[endpoint.method],
            name=f"{endpoint.method} {endpoint.path}",
        )
        for endpoint in ENDPOINTS
    ]


def exception_handlers(parts: WebParts) -> Mapping[type[Exception], ExceptionHandler]:
    """Answers for addresses without a route and for methods that a route does not take."""
    pages = standard_pages()

    async def refuse(request: Request, error: Exception) -> Response:
        page = _page_of_form(request, error)
        if page:
            return RedirectResponse(page, status_code=303)
        secret, _ = form_secret(request, parts)
        call = open_call(request, parts, pages, secret)
        wrong = foreseen(error, call)
        is_api = request.url.path == "/api" or request.url.path.startswith("/api/")
        response = json_error(wrong) if is_api else page_error(call, wrong)
        return secured(response, https=is_https(request, parts))

    return {HTTPException: refuse}


def _page_of_form(request: Request, error: Exception) -> str:
    """Where a form's address leads that is opened like a page: one above, where the form is.

    That happens when a refused form is followed by another language, a log-in or a reload of
    the address.
    """
    path = request.url.path
    is_form = isinstance(error, HTTPException) and error.status_code == 405
    if not is_form or request.method != "GET" or not path.startswith("/sites/"):
        return ""
    return path.rpartition("/")[0]
