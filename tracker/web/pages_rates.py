"""Exchange rates: what the site's figures need and lack, what there is, entry and removal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.errors import InvalidInput, NotFound, TrackerError
from tracker.reports.rates import RateSpanView, rate_needs, rate_spans
from tracker.spend.rates import RatesReport
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.messages import translated, translated_text
from tracker.web.pages_imports import keep_upload
from tracker.web.rate_care import enter, may_change, remove, take_file

#: Rates on one page, and missing days that are told by themselves.
PAGE, TOLD = 50, 12
SOURCES = {
    "file": msgid("Entered or imported"),
    "ecb": msgid("European Central Bank"),
    "address": msgid("Fetched from an address"),
}
_FIELDS = ("base", "quote", "first", "last", "rate")


async def show_rates(call: Call) -> Response:
    """Needs and rates; ``base``, ``first`` and ``last`` fill the form, ``offset`` goes back."""
    return await to_thread.run_sync(partial(_page, call))


async def enter_one(call: Call) -> Response:
    """Enter or correct a rate."""
    return await _done(call, enter)


async def remove_one(call: Call) -> Response:
    """Remove rates."""
    return await _done(call, remove)


async def take_rates(call: Call) -> Response:
    """Import a file of rates, and say what became of it."""
    return await to_thread.run_sync(_take, call)


async def _done(call: Call, change: Callable[[Call, dict[str, str]], object]) -> Response:
    try:
        await to_thread.run_sync(change, call, dict(call.form))
    except (InvalidInput, NotFound) as error:
        return await to_thread.run_sync(partial(_page, call, error=error))
    return RedirectResponse(f"/sites/{call.site.key}/rates", status_code=303)


def _take(call: Call) -> Response:
    try:
        upload = keep_upload(call)
        try:
            quote = call.form.get("quote", "").strip() or call.site.currency
            skip = call.form.get("skip_bad_rows", "") == "1"
            report = take_file(call, upload, quote=quote, dry_run=False, skip=skip)
        finally:
            upload.path.unlink(missing_ok=True)
    except InvalidInput as error:
        return _page(call, error=error)
    return _page(call, taken=report)


def _page(
    call: Call, *, error: TrackerError | None = None, taken: RatesReport | None = None
) -> Response:
    asked = call.form if call.form else call.request.query_params
    text = call.request.query_params.get("offset", "0")
    offset = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    parts, site = call.parts, call.site
    # One more than is shown tells whether there is another page.
    found = rate_spans(parts.warehouse, site.tenant, limit=PAGE + 1, offset=offset)
    message, hint = translated(call.language, error) if error else ("", "")
    return call.pages.render(
        call,
        "rates.html",
        status=error.status if error else 200,
        form={name: asked.get(name, "") for name in _FIELDS},
        needs=[
            (need, [_lack(call, need.base, span.first, span.last) for span in need.lacking[:TOLD]])
            for need in rate_needs(parts.warehouse, site, parts.clock())
        ],
        rates=[(one, _source(call, one)) for one in found[:PAGE]],
        may_change=may_change(call),
        problem=message,
        hint=hint,
        taken=taken,
        told=TOLD,
        problems=[translated_text(call.language, one) for one in taken.problems] if taken else [],
        earlier=f"?offset={max(0, offset - PAGE)}" if offset else "",
        later=f"?offset={offset + PAGE}" if len(found) > PAGE else "",
    )


def _lack(call: Call, base: str, first: object, last: object) -> tuple[str, str]:
    """Address that fills the form, and the days in words."""
    query = urlencode({"base": base, "first": str(first), "last": str(last)})
    address = f"/sites/{call.site.key}/rates?{query}#enter"
    return address, call.formats.days(str(first), str(last))


def _source(call: Call, rate: RateSpanView) -> str:
    title = call.text(SOURCES[rate.source]) if rate.source in SOURCES else rate.source
    if rate.quoted < rate.last:
        return call.language.gettext(msgid("%(source)s, of %(day)s")) % {
            "source": title,
            "day": call.formats.day(rate.quoted),
        }
    return title
