"""The keyword report's query string: read for pages and API, written for links.

The API takes the names of the command's flags and nothing else. Pages also take ``period``, a
preset that stays relative when it is bookmarked, and leave out whatever is the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.period import Period
from tracker.reports.breakdown_request import BreakdownRequest, read_breakdown
from tracker.reports.request import Brand, By, KeywordRequest, Model, Sort, choice
from tracker.web.i18n import msgid

#: Rows of one page of the table that a reader may choose.
PAGE_SIZES = (25, 50, 100, 500)
#: Rows that one API answer has at most; 0 asks for all of them.
API_LIMIT = 100_000
CUSTOM = "custom"
DEFAULT_PRESET = "last_30_days"
PRESETS = {
    "today": msgid("Today"),
    "yesterday": msgid("Yesterday"),
    "last_7_days": msgid("Last 7 days"),
    "last_30_days": msgid("Last 30 days"),
    "last_90_days": msgid("Last 90 days"),
    "this_month": msgid("This month"),
    "last_month": msgid("Last month"),
}
API_PARAMETERS = (
    *("from", "to", "model", "by", "compare", "goal", "platform", "search", "brand"),
    *("sort", "order", "limit", "offset", "format"),
)


BREAKDOWN_PARAMETERS = (
    *("from", "to", "group", "metrics", "filter", "compare", "model", "by", "goal"),
    *("target_cpa", "target_roi", "sort", "order", "limit", "offset", "format"),
)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What the page's address asks for, as texts; the defaults do not appear in an address."""

    period: str = DEFAULT_PRESET
    first: str = ""
    last: str = ""
    model: str = Model.LAST_NON_DIRECT.value
    by: str = By.CLICK.value
    compare: str = "previous"
    goal: str = ""
    platform: str = ""
    search: str = ""
    brand: str = Brand.ALL.value
    sort: str = Sort.COST.value
    order: str = "desc"
    limit: str = "50"
    offset: str = "0"

    def address(self, **changes: str) -> str:
        """The query string with some values changed, ``?`` included; empty for the defaults."""
        wanted = replace(self, **changes)
        given = {
            _SHORT.get(field.name, field.name): value
            for field in fields(wanted)
            if (value := getattr(wanted, field.name)) != field.default
        }
        if wanted.period == CUSTOM:
            given.pop("period")
        else:
            given.pop("from", None)
            given.pop("to", None)
        return f"?{urlencode(given)}" if given else ""


_SHORT = {"first": "from", "last": "to"}
_LONG = {short: long for long, short in _SHORT.items()}


def read_page_query(given: Mapping[str, str], today: date) -> PageQuery:
    """The query of a page; unknown parameters are ignored, empty ones are the default.

    Dates that differ from those of the preset win over it: who edits a date means the date.
    """
    names = {field.name for field in fields(PageQuery)}
    values = {
        name: value.strip()
        for short, value in given.items()
        if (name := _LONG.get(short, short)) in names and value.strip()
    }
    query = PageQuery(**values)
    if query.period not in PRESETS and query.period != CUSTOM:
        raise _unknown_period(query.period)
    if not (query.first and query.last):
        preset = DEFAULT_PRESET if query.period == CUSTOM else query.period
        return _of_preset(query, preset, today)
    if "period" in given and query.period != CUSTOM:
        wanted = _of_preset(query, query.period, today)
        if (wanted.first, wanted.last) == (query.first, query.last):
            return wanted
    return replace(query, period=CUSTOM)


def page_request(query: PageQuery, site: Site) -> KeywordRequest:
    """The report that a page asks for; InvalidInput names what is not allowed."""
    return KeywordRequest(
        site=site,
        period=page_period(query),
        model=choice(Model, "model", query.model),
        by=choice(By, "by", query.by),
        compare=_compare(query.compare),
        goal=query.goal,
        platform=query.platform,
        search=query.search,
        brand=choice(Brand, "brand", query.brand),
        sort=choice(Sort, "sort", query.sort),
        descending=_descending(query.order),
        limit=bounded_number("limit", query.limit, 1, PAGE_SIZES[-1]),
        offset=bounded_number("offset", query.offset, 0, 10**9),
    )


def api_request(given: Mapping[str, str], site: Site) -> KeywordRequest:
    """The report that an API call asks for; InvalidInput for an unknown or missing parameter."""
    _only(given, API_PARAMETERS)
    return KeywordRequest(
        site=site,
        period=Period.parse(given["from"], given["to"]),
        model=choice(Model, "model", given.get("model", Model.LAST_NON_DIRECT)),
        by=choice(By, "by", given.get("by", By.CLICK)),
        compare=_compare(given.get("compare", "none")),
        goal=given.get("goal", ""),
        platform=given.get("platform", ""),
        search=given.get("search", ""),
        brand=choice(Brand, "brand", given.get("brand", Brand.ALL)),
        sort=choice(Sort, "sort", given.get("sort", Sort.COST)),
        descending=_descending(given.get("order", "desc")),
        limit=bounded_number("limit", given.get("limit", "0"), 0, API_LIMIT),
        offset=bounded_number("offset", given.get("offset", "0"), 0, 10**9),
    )


def breakdown_request(given: Mapping[str, str], site: Site) -> BreakdownRequest:
    """The breakdown that an API call asks for; InvalidInput for an unknown or missing parameter."""
    _only(given, BREAKDOWN_PARAMETERS)
    request = read_breakdown(given, site, Period.parse(given["from"], given["to"]))
    every = given.get("format", "json") != "json"
    limit = given.get("limit") or ("0" if every else str(request.limit))
    return replace(
        request,
        limit=bounded_number("limit", limit, 0, API_LIMIT),
        offset=bounded_number("offset", given.get("offset", "0"), 0, 10**9),
    )


def _only(given: Mapping[str, str], known: tuple[str, ...]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidInput(
            f"Unknown parameter {unknown[0]!r}.", hint=f"Allowed: {', '.join(known)}."
        )
    for name in ("from", "to"):
        if not given.get(name):
            raise InvalidInput(f"The parameter {name!r} is missing.", hint="Give a day YYYY-MM-DD.")


def _preset_period(preset: str, today: date) -> Period:
    """The days of a preset; those that count days end yesterday, the last whole day."""
    yesterday = today - timedelta(days=1)
    month = today.replace(day=1)
    match preset:
        case "today":
            return Period(today, today)
        case "yesterday":
            return Period(yesterday, yesterday)
        case "this_month":
            return Period(month, today)
        case "last_month":
            return Period((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1))
        case "last_7_days" | "last_30_days" | "last_90_days":
            return Period(today - timedelta(days=int(preset.split("_")[1])), yesterday)
    raise _unknown_period(preset)


def _of_preset(query: PageQuery, preset: str, today: date) -> PageQuery:
    days = _preset_period(preset, today)
    return replace(query, period=preset, first=days.first.isoformat(), last=days.last.isoformat())


def page_period(query: PageQuery) -> Period:
    """The days of a page."""
    return Period.parse(query.first, query.last)


def _compare(value: str) -> bool:
    if value not in ("previous", "none"):
        raise InvalidInput(f"Unknown compare {value!r}.", hint="Allowed: previous, none.")
    return value == "previous"


def _descending(value: str) -> bool:
    if value not in ("asc", "desc"):
        raise InvalidInput(f"Unknown order {value!r}.", hint="Allowed: asc, desc.")
    return value == "desc"


def bounded_number(name: str, text: str, least: int, most: int) -> int:
    """A whole number of a query string; InvalidInput names what is allowed."""
    digits = text.isascii() and text.isdigit() and len(text) <= 12
    if not digits or not least <= int(text) <= most:
        raise InvalidInput(
            f"The parameter {name!r} is {text!r}.", hint=f"Allowed: {least} to {most}."
        )
    return int(text)


def _unknown_period(value: str) -> InvalidInput:
    return InvalidInput(
        f"Unknown period {value!r}.", hint=f"Allowed: {', '.join((*PRESETS, CUSTOM))}."
    )
