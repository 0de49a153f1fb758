"""The pipeline: what each stage brought and may bring; its stages, and the webhooks into it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import msgspec
from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.pipeline import DEFAULT_STAGES, pipeline_of, set_stages
from tracker.accounts.sites import update_site
from tracker.accounts.webhooks import add_webhook, list_webhooks, remove_webhook
from tracker.conversions.deliveries import FIELDS, check_fields, signing_key
from tracker.errors import InvalidInput
from tracker.period import Period, local_day
from tracker.reports.pipeline import PipelineReport, pipeline_report
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.messages import translated, translated_text
from tracker.web.notes import incomplete_note
from tracker.web.stages import ROLES, read_stages, stage_lines, stage_name

REPEATS = {
    "open": msgid("A path of their own"),
    "inherit": msgid("The path of the first order, shown apart"),
}


async def show_pipeline(call: Call) -> Response:
    """The stages of a period, and the revenue expected of open leads."""
    return await to_thread.run_sync(_report_page, call)


async def show_stages(call: Call) -> Response:
    """The stages' form, and the webhooks."""
    return await to_thread.run_sync(partial(_settings, call))


async def change_stages(call: Call) -> Response:
    """Replace the stages; what is past is computed again."""
    try:
        await to_thread.run_sync(_change, call)
    except InvalidInput as error:
        return await _again(call, error, stages=call.form.get("stages", ""))
    return _back(call)


async def add_hook(call: Call) -> Response:
    """Make a webhook and show its address, this once."""
    try:
        secret = await to_thread.run_sync(_add_hook, call)
    except InvalidInput as error:
        return await _again(call, error, hook=call.form)
    return await to_thread.run_sync(partial(_settings, call, secret=secret))


async def drop_hook(call: Call) -> Response:
    """Let the address of a webhook answer no more."""
    work = partial(remove_webhook, call.parts.db, call.site.key, call.form.get("webhook", ""))
    await to_thread.run_sync(work)
    return _back(call)


def period_of(call: Call) -> Period:
    """The period in the address; 90 days up to today without one."""
    params = call.request.query_params
    today = local_day(call.parts.clock(), call.zone)
    first = params.get("from", "") or (today - timedelta(days=89)).isoformat()
    return Period.parse(first, params.get("to", "") or today.isoformat())


def read_pipeline(call: Call, period: Period) -> PipelineReport:
    """The pipeline report of the site."""
    parts = call.parts
    return pipeline_report(parts.warehouse, parts.db, call.site, period, clock=parts.clock)


def _report_page(call: Call) -> Response:
    period = period_of(call)
    pipeline = pipeline_of(call.parts.db, call.site.key)
    report = read_pipeline(call, period)
    untracked = call.formats.money(report.untracked_cost, report.currency)
    return call.pages.render(
        call,
        "pipeline.html",
        report=report,
        notes=[
            incomplete_note(item, call.language, call.formats, untracked=untracked)
            for item in report.incomplete
        ],
        stage_name=partial(stage_name, call.language, pipeline),
    )


def _change(call: Call) -> None:
    parts, site = call.parts, call.site
    if not {"stages", "reset"} & call.form.keys():
        # No form of ours: an empty list would put the default stages in the place of the site's.
        raise InvalidInput(
            "The form holds no stages.", hint="Open the page again and send its form."
        )
    stages = [] if "reset" in call.form else read_stages(call.form.get("stages", ""))
    set_stages(parts.db, site.key, stages)
    wanted = call.form.get("repeat_orders", "")
    if wanted in REPEATS and wanted != site.settings.repeat_orders:
        settings = msgspec.structs.replace(site.settings, repeat_orders=wanted)
        after = update_site(parts.db, site.key, settings=settings)
        parts.actions.site_changed(site, after)
    # Which stages are orders decides paths, so conversions are computed again.
    parts.actions.goals_changed(site)


def _add_hook(call: Call) -> str:
    form, parts = call.form, call.parts
    pairs = [line.partition("=") for line in form.get("fields", "").splitlines() if line.strip()]
    fields = check_fields({name.strip(): path.strip() for name, _, path in pairs})
    _, secret = add_webhook(
        parts.db,
        site=call.site.key,
        name=form.get("name", ""),
        fields=fields,
        signed=form.get("signed", "") == "1",
        now=parts.clock(),
    )
    return secret


async def _again(call: Call, error: InvalidInput, **kept: object) -> Response:
    problem = " ".join(translated(call.language, error)).strip()
    return await to_thread.run_sync(
        partial(_settings, call, problem=problem, status=400, **kept)  # type: ignore[arg-type]
    )


def _settings(
    call: Call,
    *,
    stages: str = "",
    hook: dict[str, str] | None = None,
    secret: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    parts, site = call.parts, call.site
    own = pipeline_of(parts.db, site.key).stages
    hooks = list_webhooks(parts.db, site.key)
    return call.pages.render(
        call,
        "stages.html",
        status=status,
        stages=stages or stage_lines(own),
        is_default=own == DEFAULT_STAGES,
        roles=[(role, call.text(title)) for role, title in ROLES.items()],
        repeats=[(value, call.text(title)) for value, title in REPEATS.items()],
        hooks=hooks,
        keys={one.id: signing_key(parts.settings.secret_key, one.id) for one in hooks},
        hook={"name": "", "fields": "", "signed": ""} | dict(hook or {}),
        fields=", ".join(FIELDS),
        said=partial(translated_text, call.language),
        address=f"{call.public_url()}/hooks/{secret}" if secret else "",
        problem=problem,
    )


def _back(call: Call) -> Response:
    return RedirectResponse(f"/sites/{call.site.key}/pipeline/stages", status_code=303)
