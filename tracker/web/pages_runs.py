"""Runs of the jobs that work for a site: what was done, when, with what outcome.

Most jobs work for all sites at once. Where several companies share an installation, their figures
and errors may speak of others, so only time and outcome of those runs are shown.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.runs import Run, list_runs
from tracker.accounts.tenants import list_tenants
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.import_view import ImportView
from tracker.web.messages import translated_outcome, translated_text

#: Runs on one page of the list.
PAGE = 50
STATUSES = {
    "ok": (msgid("Done"), "good"),
    "failed": (msgid("Failed"), "bad"),
    "running": (msgid("Running"), ""),
    "held": (msgid("Waits for a decision"), "warn"),
}
JOBS = {
    "reconcile": msgid("Compute reports"),
    "spend": msgid("Import from watch folders"),
    "spend_import": msgid("Spend import"),
    "conversions_import": msgid("Conversion import"),
    "buckets": msgid("Deal large sites into buckets"),
    "sweep": msgid("Remove superseded results"),
    "salts": msgid("Renew the salts of visitor hashes"),
    "rates": msgid("Fetch exchange rates"),
    "rates_import": msgid("Import exchange rates"),
    "prune": msgid("Remove old records"),
}
TRIGGERS = {
    "schedule": msgid("on schedule"),
    "manual": msgid("by hand"),
    "upload": msgid("by upload"),
    "command": msgid("by command"),
    "watch": msgid("from the watch folder"),
}


async def show_runs(call: Call) -> Response:
    """The newest runs; ``offset`` goes back in time."""
    text = call.request.query_params.get("offset", "0")
    offset = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    # One more than is shown tells whether there is another page.
    runs = await to_thread.run_sync(partial(visible_runs, call, limit=PAGE + 1, offset=offset))
    return call.pages.render(
        call,
        "runs.html",
        runs=[_line(call, run) for run in runs[:PAGE]],
        earlier=f"?offset={max(0, offset - PAGE)}" if offset else "",
        later=f"?offset={offset + PAGE}" if len(runs) > PAGE else "",
    )


def visible_runs(call: Call, *, limit: int, offset: int) -> list[Run]:
    """The site's own runs and those of jobs for all sites, newest first, as the caller may see."""
    runs = list_runs(call.parts.db, site=call.site.key, shared=True, limit=limit, offset=offset)
    if len(list_tenants(call.parts.db)) == 1:
        return runs
    return [run if run.site else _without_details(run) for run in runs]


def _without_details(run: Run) -> Run:
    return replace(run, done=0, expected=None, rows=None, totals={}, error="", warnings=())


async def start_run(call: Call) -> Response:
    """Compute now what is due, without waiting for the schedule."""
    await to_thread.run_sync(call.parts.actions.run_job, "reconcile", call.site)
    return RedirectResponse(f"/sites/{call.site.key}/runs", status_code=303)


def _line(call: Call, run: Run) -> dict[str, object]:
    title, tone = STATUSES[run.status]
    return {
        "run": run,
        "job": call.text(JOBS[run.job]) if run.job in JOBS else run.job,
        "status": call.text(title),
        "tone": tone,
        "trigger": call.text(TRIGGERS[run.trigger]) if run.trigger in TRIGGERS else run.trigger,
        "seconds": _seconds(run),
        "totals": ImportView(run.totals, call.language, call.formats).figures(),
        "error": translated_outcome(call.language, run.error),
        "warnings": [translated_text(call.language, text) for text in run.warnings],
    }


def _seconds(run: Run) -> str | None:
    if run.finished_at is None:
        return None
    return f"{(run.finished_at - run.started_at).total_seconds():.1f}"
