"""The query strings of the reports on attribution, for pages and API alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

from tracker.attribution.grouping import Level
from tracker.errors import InvalidInput
from tracker.period import Period, local_day
from tracker.reports.attribution_request import AttributionRequest
from tracker.reports.conversion_detail import (
    Conversion,
    ConversionDetail,
    conversion_detail,
    list_conversions,
)
from tracker.reports.request import Brand, By, choice
from tracker.reports.wanted_goal import report_goal
from tracker.web.call import Call
from tracker.web.query import bounded_number

PARAMETERS = ("from", "to", "level", "by", "goal", "order", "limit", "brand")
LIST_PARAMETERS = ("from", "to", "goal", "limit", "offset")
#: Days that a page shows where its address names none.
DAYS = 90
#: How many sources, paths and helpers a page may show; the first where its address names none.
SIZES = (25, 100, 1000, 10_000)


def attribution_request(call: Call) -> AttributionRequest:
    """What an API call asks for; InvalidInput for an unknown or missing parameter."""
    given = dict(call.request.query_params)
    _known(given, PARAMETERS)
    return _request(call, given, _period(given), limit="50")


def page_request(call: Call) -> AttributionRequest:
    """What a page asks for: empty parameters are the default, unknown ones ignored."""
    query = call.request.query_params
    given = {name: query[name].strip() for name in PARAMETERS if query.get(name, "").strip()}
    today = local_day(call.parts.clock(), call.zone)
    return _request(call, given, _period(_dated(given, today)), limit=str(SIZES[0]))


def page_address(call: Call, **changes: object) -> str:
    """The query string of the page with other values; those of 0 or nothing are left out."""
    query = call.request.query_params
    given = {name: query[name].strip() for name in PARAMETERS if name in query} | changes
    return "?" + urlencode({name: value for name, value in given.items() if value})


def match_period(call: Call) -> Period:
    """The days that an API call asks for, and nothing else."""
    given = dict(call.request.query_params)
    _known(given, ("from", "to"))
    return _period(given)


def found_conversions(call: Call) -> list[Conversion]:
    """The conversions that an API call asks for."""
    given = dict(call.request.query_params)
    _known(given, LIST_PARAMETERS)
    return list_conversions(
        call.parts.warehouse,
        call.parts.db,
        call.site,
        _period(given),
        clock=call.parts.clock,
        goal=_goal(call, given),
        limit=bounded_number("limit", given.get("limit", "100"), 1, 1000),
        offset=bounded_number("offset", given.get("offset", "0"), 0, 10**6),
    )


def opened_conversion(call: Call) -> ConversionDetail:
    """The conversion of the path's last part."""
    wanted = call.request.path_params["conversion"]
    parts = call.parts
    return conversion_detail(parts.warehouse, parts.db, call.site, wanted, clock=parts.clock)


def _goal(call: Call, given: Mapping[str, str]) -> str:
    parts = call.parts
    return report_goal(parts.warehouse, parts.db, call.site.key, given.get("goal", ""))


def _request(
    call: Call, given: Mapping[str, str], period: Period, *, limit: str
) -> AttributionRequest:
    return AttributionRequest(
        site=call.site,
        period=period,
        level=choice(Level, "level", given.get("level", Level.CAMPAIGN)),
        by=choice(By, "by", given.get("by", By.CONVERSION)),
        goal=_goal(call, given),
        order=bounded_number("order", given.get("order", "1"), 1, 4),
        limit=bounded_number("limit", given.get("limit", limit), 1, 10_000),
        brand=choice(Brand, "brand", given.get("brand", Brand.ALL)),
    )


def _dated(given: Mapping[str, str], today: date) -> dict[str, str]:
    first, last = today - timedelta(days=DAYS - 1), today
    return {"from": first.isoformat(), "to": last.isoformat(), **given}


def _known(given: Mapping[str, str], allowed: tuple[str, ...]) -> None:
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise InvalidInput(
            f"Unknown parameter {unknown[0]!r}.", hint=f"Allowed: {', '.join(allowed)}."
        )


def _period(given: Mapping[str, str]) -> Period:
    for name in ("from", "to"):
        if not given.get(name):
            raise InvalidInput(f"The parameter {name!r} is missing.", hint="Give a day YYYY-MM-DD.")
    return Period.parse(given["from"], given["to"])
