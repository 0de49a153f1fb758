"""The public JSON API under /api/v1. The pages call the same functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.access import visible_sites
from tracker.accounts.goal_grant import api_fields, grant_goal
from tracker.accounts.goal_wish import GoalFields, GoalWish
from tracker.accounts.goals import Goal, list_goals, remove_goal
from tracker.accounts.runs import Run, get_run
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput, NotFound
from tracker.ingest import server_events
from tracker.money import decimal_text
from tracker.reports.match_quality import match_quality
from tracker.reports.model_comparison import compare_models
from tracker.reports.path_report import path_report
from tracker.spend import push_body
from tracker.web.attribution_query import (
    attribution_request,
    found_conversions,
    match_period,
    opened_conversion,
)
from tracker.web.call import Call
from tracker.web.exports import FORMATS, breakdown_sheet, file_response, keyword_sheet
from tracker.web.json_bodies import GoalName, decode, read_json
from tracker.web.pages_health import check_health
from tracker.web.pages_imports import file_options, keep_upload, run_import, run_push
from tracker.web.pages_keywords import csv_response, run_breakdown, run_report
from tracker.web.pages_runs import visible_runs
from tracker.web.query import api_request, bounded_number, breakdown_request
from tracker.web.spreadsheet import keyword_csv

_RUNS = 50


async def sites(call: Call) -> Response:
    """``{"sites": […]}``: those that the caller may read."""
    found = await to_thread.run_sync(visible_sites, call.parts.db, call.principal)
    return json_answer({"sites": [_site(site) for site in found]})


async def keywords(call: Call) -> Response:
    """The keyword report: JSON, the same bytes as the command prints, or a file."""
    given = dict(call.request.query_params)
    wanted = _format(given)
    request = api_request(given, call.site)
    report = await to_thread.run_sync(run_report, call, request)
    if wanted == "json":
        return json_answer(report)
    if wanted == "csv":
        return csv_response(keyword_csv(report), report)
    return file_response(wanted, report, partial(keyword_sheet, report))


async def breakdown(call: Call) -> Response:
    """A breakdown: JSON, the same bytes as the command prints, or a file."""
    given = dict(call.request.query_params)
    wanted = _format(given)
    request = breakdown_request(given, call.site)
    report = await to_thread.run_sync(run_breakdown, call, request)
    if wanted == "json":
        return json_answer(report)
    return file_response(wanted, report, partial(breakdown_sheet, report))


def _format(given: Mapping[str, str]) -> str:
    wanted = given.get("format", "json")
    if wanted not in FORMATS:
        raise InvalidInput(f"Unknown format {wanted!r}.", hint=f"Allowed: {', '.join(FORMATS)}.")
    return wanted


async def health(call: Call) -> Response:
    """What is wrong with the cost of the site, or may be, as the command prints it."""
    return json_answer(await to_thread.run_sync(check_health, call))


async def models(call: Call) -> Response:
    """The comparison of models, as the command prints it."""
    request = attribution_request(call)
    return json_answer(await to_thread.run_sync(compare_models, call.parts.warehouse, request))


async def paths(call: Call) -> Response:
    """Paths to conversion, as the command prints them."""
    request = attribution_request(call)
    return json_answer(await to_thread.run_sync(path_report, call.parts.warehouse, request))


async def match(call: Call) -> Response:
    """The match quality of a period, as the command prints it."""
    period = match_period(call)
    return json_answer(
        await to_thread.run_sync(match_quality, call.parts.warehouse, call.site, period)
    )


async def conversions(call: Call) -> Response:
    """``{"conversions": […]}`` of a period, newest first."""
    return json_answer({"conversions": await to_thread.run_sync(found_conversions, call)})


async def one_conversion(call: Call) -> Response:
    """One conversion with its touches, each model's weights, and the visits that did not count."""
    return json_answer(await to_thread.run_sync(opened_conversion, call))


async def goals(call: Call) -> Response:
    """``{"goals": […]}``, oldest first."""
    found = await to_thread.run_sync(list_goals, call.parts.db, call.site.key)
    return json_answer({"goals": [api_fields(goal) for goal in found]})


async def add_goal(call: Call) -> Response:
    """A goal from JSON with the fields of ``GoalWish``: the goal, with status 201."""
    body = await read_json(call)
    wish = decode(body, GoalFields)
    goal = await to_thread.run_sync(_grant, call, wish)
    return json_answer(api_fields(goal), status=201)


async def drop_goal(call: Call) -> Response:
    """Remove the goal that ``{"name": …}`` names."""
    wish = decode(await read_json(call), GoalName)
    goal = await to_thread.run_sync(_drop, call, wish.name)
    return json_answer(api_fields(goal))


def _grant(call: Call, wish: GoalFields) -> Goal:
    fields = msgspec.structs.asdict(wish)
    goal = grant_goal(call.parts.db, GoalWish(site=call.site.key, **fields), now=call.parts.clock())
    call.parts.actions.goals_changed(call.site)
    return goal


def _drop(call: Call, name: str) -> Goal:
    goal = remove_goal(call.parts.db, call.site.key, name)
    call.parts.actions.goals_changed(call.site)
    return goal


async def runs(call: Call) -> Response:
    """``{"runs": […]}``, newest first; ``limit`` up to 500 and ``offset``."""
    params = call.request.query_params
    limit = bounded_number("limit", params.get("limit", str(_RUNS)), 1, 500)
    offset = bounded_number("offset", params.get("offset", "0"), 0, 10**6)
    found = await to_thread.run_sync(partial(visible_runs, call, limit=limit, offset=offset))
    return json_answer({"runs": [_run(run) for run in found]})


async def one_run(call: Call) -> Response:
    """One run, to follow its progress."""
    run = await to_thread.run_sync(get_run, call.parts.db, call.request.path_params["run"])
    if run.site != call.site.key:
        raise NotFound(f"No run {run.id!r}.", hint="Runs are kept for 400 days.")
    return json_answer(_run(run))


async def push_spend(call: Call) -> Response:
    """Whole days of spend from a script, as JSON (``tracker.spend.push_body`` has the fields)."""
    body = await read_json(call, push_body.BODY_BYTES)
    return json_answer(await to_thread.run_sync(run_push, call, body))


async def import_spend(call: Call) -> Response:
    """Import a spend file sent as the multipart field ``file``."""
    return await _import(call, "spend")


async def import_conversions(call: Call) -> Response:
    """Import a file of offline conversions sent as the multipart field ``file``."""
    return await _import(call, "conversions")


async def take_events(call: Call) -> Response:
    """Events from a server: ``{"accepted": n, "dropped": {reason: n}}`` once they are on disk."""
    body = await read_json(call, server_events.BODY_BYTES)
    return json_answer(await call.parts.actions.take_events(call.site, body), status=202)


async def _import(call: Call, kind: str) -> Response:
    dry_run = call.form.get("dry_run", "") in ("1", "true")
    upload = await to_thread.run_sync(keep_upload, call)
    try:
        options = file_options(call.form, upload.filename, dry_run=dry_run)
        report = await to_thread.run_sync(run_import, call, kind, upload, options)
    finally:
        upload.path.unlink(missing_ok=True)
    return json_answer(report)


def json_answer(value: object, *, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _site(site: Site) -> Mapping[str, Any]:
    return {
        "site": site.key,
        "name": site.name,
        "domains": site.domains,
        "timezone": site.timezone,
        "currency": site.currency,
        "margin": decimal_text(site.margin),
        "group_margins": {
            group: decimal_text(margin) for group, margin in site.settings.group_margins.items()
        },
        "tax_rate": decimal_text(site.settings.tax_rate),
    }


def _run(run: Run) -> Mapping[str, Any]:
    return {
        "id": run.id,
        "job": run.job,
        "trigger": run.trigger,
        "status": run.status,
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "done": run.done,
        "expected": run.expected,
        "rows": run.rows,
        "totals": run.totals,
        "error": run.error,
        "warnings": run.warnings,
    }


def _time(instant: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
