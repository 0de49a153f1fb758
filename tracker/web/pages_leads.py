"""Leads: the list by stage, one lead with its stages, and the forms that move and correct them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.pipeline import pipeline_of
from tracker.conversions.entries import Taken
from tracker.conversions.entry import Entry
from tracker.conversions.lead_moves import correct_stage, move_lead, open_lead, stages_of
from tracker.errors import InvalidInput, NotFound
from tracker.reports.leads import LeadStep, lead_steps, leads_by_stage, list_leads
from tracker.web.api_conversions import offline_deps
from tracker.web.call import Call
from tracker.web.forms import optional_amount, optional_share, per_cent
from tracker.web.messages import translated, translated_text
from tracker.web.paging import page_before
from tracker.web.query import bounded_number
from tracker.web.stages import MATCHED, stage_name, stage_options

T = TypeVar("T")
PAGE = 50
_TEXTS = (
    *(
        "stage",
        "time",
        "currency",
        "product_group",
        "email",
        "phone",
        "visit_code",
        "visitor",
        "person",
    ),
    *("click_id", "order_id", "landing_url", "keyword", "platform", "reason"),
)
_EMPTY = dict.fromkeys((*_TEXTS, "id", "value", "tax_rate", "order_cost"), "") | {
    "stage": "inquiry"
}


async def show_leads(call: Call) -> Response:
    """The leads of a stage, or of all, the last moved first; and the form for another."""
    return await to_thread.run_sync(partial(_list, call, _EMPTY))


async def add_lead(call: Call) -> Response:
    """A new lead, by hand."""
    # The form always names a stage: a body without one is none of ours, and opens no lead.
    form = _EMPTY | {"stage": ""} | dict(call.form)
    try:
        lead, taken = await to_thread.run_sync(_open, call, form)
    except InvalidInput as error:
        return await to_thread.run_sync(
            partial(_list, call, form, problem=_said(call, error), status=400)
        )
    return await _stored(call, lead, taken)


async def show_lead(call: Call) -> Response:
    """One lead: what it went through, whose it is, what brought it."""
    lead = call.request.query_params.get("lead", "")
    return await to_thread.run_sync(partial(_lead, call, lead))


async def move(call: Call) -> Response:
    """The next stage of a lead."""
    return await _change(call, _move)


async def correct(call: Call) -> Response:
    """A stage said anew, or withdrawn."""
    return await _change(call, _correct)


async def _change(call: Call, work: Callable[[Call, str], Taken]) -> Response:
    lead = call.form.get("lead", "")
    try:
        taken = await to_thread.run_sync(work, call, lead)
        left = await to_thread.run_sync(_is_left, call, lead)
    except InvalidInput as error:
        return await to_thread.run_sync(
            partial(_lead, call, lead, problem=_said(call, error), status=400)
        )
    return await _stored(call, lead, taken) if left else _to_leads(call)


async def _stored(call: Call, lead: str, taken: Taken) -> Response:
    """The page of the lead, with what was taken otherwise than it was sent."""
    if not taken.warnings:
        return _to_lead(call, lead)
    warnings = [translated_text(call.language, text) for text in taken.warnings]
    return await to_thread.run_sync(partial(_lead, call, lead, warnings=warnings))


def _is_left(call: Call, lead: str) -> bool:
    """Whether any stage of the lead stands, after one was perhaps withdrawn."""
    try:
        return bool(stages_of(offline_deps(call, call.site), call.site, lead))
    except NotFound:
        return False


def _open(call: Call, form: dict[str, str]) -> tuple[str, Taken]:
    texts = {name: form.get(name, "").strip() for name in _TEXTS}
    entry = msgspec.structs.replace(
        Entry(id=form["id"].strip(), stage=""),
        value=optional_amount(form["value"]),
        tax_rate=optional_share(form["tax_rate"]),
        order_cost=optional_amount(form["order_cost"]),
        **texts,
    )
    return open_lead(offline_deps(call, call.site), call.site, entry)


def _step(call: Call, *, removed: bool = False) -> Entry:
    form = call.form
    return Entry(
        id=form.get("id", ""),
        stage=form.get("stage", ""),
        time=form.get("time", ""),
        value=optional_amount(form.get("value", "")),
        currency=form.get("currency", ""),
        tax_rate=optional_share(form.get("tax_rate", "")),
        product_group=form.get("product_group", ""),
        order_cost=optional_amount(form.get("order_cost", "")),
        reason=form.get("reason", ""),
        removed=removed,
    )


def _move(call: Call, lead: str) -> Taken:
    return move_lead(offline_deps(call, call.site), call.site, lead, _step(call))


def _correct(call: Call, lead: str) -> Taken:
    step = _step(call, removed="remove" in call.form)
    return correct_stage(offline_deps(call, call.site), call.site, lead, step)


def _list(call: Call, form: dict[str, str], *, problem: str = "", status: int = 200) -> Response:
    params = call.request.query_params
    stage, search = params.get("stage", ""), params.get("search", "")
    page = bounded_number("page", params.get("page", "1"), 1, 100_000)
    parts, site = call.parts, call.site
    pipeline = pipeline_of(parts.db, site.key)
    found = list_leads(
        parts.warehouse,
        parts.db,
        site,
        clock=parts.clock,
        stage=stage,
        search=search,
        limit=PAGE,
        offset=(page - 1) * PAGE,
    )
    earlier = page_before(page, found.total, PAGE)
    counts = leads_by_stage(parts.warehouse, parts.db, site)
    keys = [one.key for one in pipeline.stages]
    keys += sorted(set(counts) - set(keys))

    def address(**changes: object) -> str:
        wanted = {"stage": stage, "search": search} | changes
        return "?" + urlencode({name: value for name, value in wanted.items() if value})

    return call.pages.render(
        call,
        "leads.html",
        status=status,
        leads=found.leads,
        total=found.total,
        tabs=[("", sum(counts.values()), address(stage=""))]
        + [(key, counts.get(key, 0), address(stage=key)) for key in keys],
        stage=stage,
        search=search,
        newer=address(page=earlier) if earlier else "",
        older=address(page=page + 1) if page * PAGE < found.total else "",
        form=form,
        problem=problem,
        **_words(call),
    )


def _lead(
    call: Call, lead: str, *, problem: str = "", warnings: Sequence[str] = (), status: int = 200
) -> Response:
    """The page of a lead; with a ``problem``, its form as it was sent."""
    parts, site = call.parts, call.site
    sent = dict(call.form) if problem else {}
    # A correction names the step that it corrects, a move has none yet.
    moving = {} if "id" in sent else sent
    steps = lead_steps(parts.warehouse, parts.db, site, lead)
    (found,) = list_leads(parts.warehouse, parts.db, site, clock=parts.clock, keys=[lead]).leads
    return call.pages.render(
        call,
        "lead.html",
        status=status,
        lead=found,
        steps=steps,
        # No stage is chosen beforehand: a careless click enters none.
        moving=_EMPTY | {"stage": "", "currency": found.currency} | moving,
        corrections=[
            (step, _written(call, step) | (sent if step.id == sent.get("id") else {}))
            for step in steps
        ],
        corrected=sent.get("id", ""),
        problem=problem,
        warnings=warnings,
        **_words(call),
    )


def _written(call: Call, step: LeadStep) -> dict[str, str]:
    """The fields of a stage's correction, as the stage has them now."""
    local = step.time.astimezone(call.zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return {
        "stage": step.stage,
        "time": local,
        "value": step.value or "",
        "currency": step.currency,
        "order_cost": step.order_cost or "",
        "product_group": step.product_group,
        "tax_rate": per_cent(step.tax_rate),
        "reason": step.reason,
    }


def _words(call: Call) -> dict[str, object]:
    pipeline = pipeline_of(call.parts.db, call.site.key)
    return {
        "per_cent": per_cent,
        "stages": stage_options(call.language, pipeline),
        "stage_name": partial(stage_name, call.language, pipeline),
        "matched": lambda way: call.text(MATCHED[way]) if way in MATCHED else way,
    }


def _to_leads(call: Call) -> Response:
    return RedirectResponse(f"/sites/{call.site.key}/leads", status_code=303)


def _to_lead(call: Call, lead: str) -> Response:
    address = f"/sites/{call.site.key}/lead?{urlencode({'lead': lead})}"
    return RedirectResponse(address, status_code=303)


def _said(call: Call, error: InvalidInput) -> str:
    return " ".join(translated(call.language, error)).strip()
