"""Offline conversions from programs: the API's entrance, and the addresses of webhooks."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.sites import Site, get_site
from tracker.accounts.webhooks import Webhook, note_delivery, webhook_of
from tracker.conversions.deliveries import check_signature, read_delivery, signing_key
from tracker.conversions.entries import Taken, read_entries, take_entries
from tracker.conversions.entry import Entry
from tracker.conversions.offline_store import OfflineDeps
from tracker.errors import InvalidInput, TrackerError
from tracker.ingest.classify import classify
from tracker.ingest.endpoint import Gone, pick_headers, read_body
from tracker.ingest.identity import visitor_number
from tracker.ingest.sightings import site_rules
from tracker.period import Period
from tracker.reports.leads import list_leads
from tracker.reports.pipeline import pipeline_report
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.json_bodies import BODY_BYTES, read_json
from tracker.web.query import bounded_number


def offline_deps(call: Call, site: Site) -> OfflineDeps:
    """What storing conversions of a site needs."""
    parts = call.parts
    return OfflineDeps(
        warehouse=parts.warehouse,
        db=parts.db,
        visitor_number=visitor_number,
        classify=lambda url: classify(url, "", site_rules(site)),
        clock=parts.clock,
    )


def store(call: Call, site: Site, entries: list[Entry]) -> Taken:
    """Store conversions; the errors are those of ``take_entries``."""
    return take_entries(offline_deps(call, site), site, entries)


async def take_conversions(call: Call) -> Response:
    """One conversion or many as JSON; 202 with what became of them."""
    entries = read_entries(await read_json(call))
    taken = await to_thread.run_sync(store, call, call.site, entries)
    return json_answer(taken, status=202)


async def take_delivery(call: Call) -> Response:
    """What another system sends to the address of a webhook."""
    secret = call.request.path_params["secret"]
    hook = await to_thread.run_sync(webhook_of, call.parts.db, secret)
    try:
        body = await read_body(pick_headers(call.request.scope), call.request.receive, BODY_BYTES)
    except Gone:
        body = b""
    return json_answer(await to_thread.run_sync(_deliver, call, hook, body), status=202)


async def leads(call: Call) -> Response:
    """``{"leads": […], "total": n}``: ``stage``, ``search``, ``limit`` up to 500, ``offset``."""
    params = call.request.query_params
    work = partial(
        list_leads,
        call.parts.warehouse,
        call.parts.db,
        call.site,
        clock=call.parts.clock,
        stage=params.get("stage", ""),
        search=params.get("search", ""),
        limit=bounded_number("limit", params.get("limit", "50"), 1, 500),
        offset=bounded_number("offset", params.get("offset", "0"), 0, 10**6),
    )
    return json_answer(await to_thread.run_sync(work))


async def pipeline(call: Call) -> Response:
    """The pipeline report of ``from`` to ``to``."""
    params = call.request.query_params
    for name in ("from", "to"):
        if not params.get(name):
            raise InvalidInput(f"The parameter {name} is missing.", hint="Give a day YYYY-MM-DD.")
    period = Period.parse(params["from"], params["to"])
    parts = call.parts
    work = partial(pipeline_report, parts.warehouse, parts.db, call.site, period, clock=parts.clock)
    return json_answer(await to_thread.run_sync(work))


def _deliver(call: Call, hook: Webhook, body: bytes) -> Taken:
    parts, headers = call.parts, call.request.headers
    if hook.signed:
        key = signing_key(parts.settings.secret_key, hook.id)
        check_signature(body, headers, key)
    try:
        entries = read_delivery(body, headers.get("content-type", ""), hook.fields)
        taken = store(call, get_site(parts.db, hook.site), entries)
    except TrackerError as error:
        note_delivery(parts.db, hook.id, error=error.message, now=parts.clock())
        raise
    note_delivery(parts.db, hook.id, error="", now=parts.clock())
    return taken
