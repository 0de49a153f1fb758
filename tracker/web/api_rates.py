"""Exchange rates by the API: what a site needs and lacks, what there is, entry and removal."""

from __future__ import annotations

import msgspec
from anyio import to_thread
from starlette.responses import Response

from tracker.errors import InvalidInput
from tracker.money import parse_currency
from tracker.reports.rates import MOST_SPANS, rate_needs, rate_spans
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.json_bodies import decode, read_json
from tracker.web.pages_imports import keep_upload
from tracker.web.rate_care import enter, remove, take_file


class RateFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``base`` is worth ``rate`` of ``quote`` (the site's currency if none) on these days."""

    base: str
    rate: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to", default="")
    quote: str = ""


class RateName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rates that are meant."""

    base: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to", default="")
    quote: str = ""


async def rates(call: Call) -> Response:
    """``{"needs": […], "rates": […]}``; ``base``, ``quote``, ``limit`` and ``offset`` choose."""
    return json_answer(await to_thread.run_sync(_rates, call))


async def enter_rate(call: Call) -> Response:
    """Enter or correct a rate: what that changed."""
    wish = decode(await read_json(call), RateFields)
    return json_answer(await to_thread.run_sync(enter, call, msgspec.structs.asdict(wish)))


async def drop_rate(call: Call) -> Response:
    """Remove rates: how many there were."""
    wish = decode(await read_json(call), RateName)
    return json_answer(await to_thread.run_sync(remove, call, msgspec.structs.asdict(wish)))


async def import_rates(call: Call) -> Response:
    """A file of rates as the field ``file``, with ``quote``, ``dry_run``, ``skip_bad_rows``."""
    return json_answer(await to_thread.run_sync(_import, call))


def _rates(call: Call) -> object:
    parts, site, asked = call.parts, call.site, call.request.query_params
    pair = {name: parse_currency(asked[name]) for name in ("base", "quote") if asked.get(name, "")}
    spans = rate_spans(
        parts.warehouse,
        site.tenant,
        **pair,
        limit=_number(asked.get("limit", "100"), "limit", MOST_SPANS),
        offset=_number(asked.get("offset", "0"), "offset", 10**6),
    )
    return {"needs": rate_needs(parts.warehouse, site, parts.clock()), "rates": spans}


def _number(text: str, name: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > most:
        raise InvalidInput(f"{name} is {text!r}.", hint=f"A whole number from 0 to {most}.")
    return int(text)


def _import(call: Call) -> object:
    upload = keep_upload(call)
    try:
        return take_file(
            call,
            upload,
            quote=call.form.get("quote", "").strip() or call.site.currency,
            dry_run=call.form.get("dry_run", "") in ("1", "true"),
            skip=call.form.get("skip_bad_rows", "") in ("1", "true"),
        )
    finally:
        upload.path.unlink(missing_ok=True)
