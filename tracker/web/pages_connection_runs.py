"""Runs of a connection: asked for, watched while they run, stopped, resumed. Pages and API."""

from __future__ import annotations

from functools import partial

import msgspec
from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.connection_accounts import list_accounts
from tracker.accounts.connection_runs import (
    ConnectionRun,
    get_connection_run,
    list_connection_runs,
    stop_run,
)
from tracker.errors import InvalidInput
from tracker.period import Period
from tracker.spend.connections.asking import again, ask
from tracker.spend.connections.shown import account_fields, connection_fields, run_fields
from tracker.web.call import Call
from tracker.web.connection_view import one_visible, run_view, visible
from tracker.web.pages_connections import page, said
from tracker.web.query import bounded_number


async def start_run(call: Call) -> Response:
    """Ask for a run: of the recent days, or of those entered."""
    try:
        runs = await to_thread.run_sync(_ask, call)
    except InvalidInput as error:
        return await to_thread.run_sync(partial(page, call, problem=said(call, error), status=400))
    base = f"/sites/{call.site.key}/connections"
    if len(runs) == 1:
        return RedirectResponse(f"{base}/runs/{runs[0]}", status_code=303)
    return RedirectResponse(f"{base}/{call.request.path_params['connection']}", status_code=303)


async def show_run(call: Call) -> Response:
    """One run; the part that says how far it is renews itself."""
    return await to_thread.run_sync(partial(_run_page, call, "connection_run.html"))


async def progress(call: Call) -> Response:
    """That part alone."""
    return await to_thread.run_sync(partial(_run_page, call, "connection_progress.html"))


async def stop(call: Call) -> Response:
    """Stop a run; what it has imported stays."""
    run = await to_thread.run_sync(_run, call)
    await to_thread.run_sync(stop_run, call.parts.db, run.id, call.parts.clock())
    return _back(call, run)


async def resume(call: Call) -> Response:
    """Let it go on with the days that are not done."""
    run = await to_thread.run_sync(_run, call)
    await to_thread.run_sync(_again, call, run)
    return _back(call, run)


async def api_connections(call: Call) -> Response:
    """``{"connections": […]}`` with their accounts, never with a secret."""
    found = await to_thread.run_sync(_described, call)
    return _json({"connections": found})


async def api_runs(call: Call) -> Response:
    """``{"runs": […]}`` of a connection, newest first; ``limit`` up to 500 and ``offset``."""
    params = call.request.query_params
    limit = bounded_number("limit", params.get("limit", "50"), 1, 500)
    offset = bounded_number("offset", params.get("offset", "0"), 0, 10**6)
    found = await to_thread.run_sync(partial(_runs, call, limit, offset))
    return _json({"runs": [run_fields(run) for run in found]})


async def api_start(call: Call) -> Response:
    """``{"runs": [id, …]}``, queued: form fields ``account``, ``from``, ``to``, all optional."""
    return _json({"runs": await to_thread.run_sync(_ask, call)}, status=202)


async def api_run(call: Call) -> Response:
    """One run, to follow its progress."""
    return _json(run_fields(await to_thread.run_sync(_run, call)))


async def api_stop(call: Call) -> Response:
    """Stop a run; how it is then."""
    run = await to_thread.run_sync(_run, call)
    await to_thread.run_sync(stop_run, call.parts.db, run.id, call.parts.clock())
    return _json(run_fields(await to_thread.run_sync(_run, call)))


def _ask(call: Call) -> list[str]:
    connection = one_visible(call, call.request.path_params["connection"])
    first, last = call.form.get("from", "").strip(), call.form.get("to", "").strip()
    days = Period.parse(first, last) if first or last else None
    account = call.form.get("account", "").strip() or None
    return ask(call.parts.db, connection, account, days, call.parts.clock)


def _again(call: Call, run: ConnectionRun) -> None:
    again(call.parts.db, one_visible(call, run.connection), run.id, call.parts.clock)


def _run(call: Call) -> ConnectionRun:
    run = get_connection_run(
        call.parts.db, call.request.path_params["run"], tenant=call.site.tenant
    )
    one_visible(call, run.connection)
    return run


def _runs(call: Call, limit: int, offset: int) -> list[ConnectionRun]:
    connection = one_visible(call, call.request.path_params["connection"])
    return list_connection_runs(call.parts.db, connection=connection.id, limit=limit, offset=offset)


def _described(call: Call) -> list[dict[str, object]]:
    return [
        {
            **connection_fields(one),
            "accounts": [account_fields(each) for each in list_accounts(call.parts.db, one.id)],
        }
        for one in visible(call)
    ]


def _run_page(call: Call, template: str) -> Response:
    run = _run(call)
    connection = one_visible(call, run.connection)
    return call.pages.render(call, template, run=run_view(call, run), connection=connection)


def _back(call: Call, run: ConnectionRun) -> Response:
    return RedirectResponse(f"/sites/{call.site.key}/connections/runs/{run.id}", status_code=303)


def _json(value: object, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
