"""The explorer's query string: read from its form or from a link, written in the shortest form.

The form gives dimensions and metrics as repeated fields and a filter as rows of fields; a link has
them as the API does. Both are read, and the address always says it the API's way, so that a view
can be sent to somebody, kept, and asked of the API.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.reports.breakdown_request import (
    DEFAULT_GROUP,
    MOST_DIMENSIONS,
    BreakdownRequest,
    read_breakdown,
)
from tracker.reports.conditions import Condition, Join, Test, filter_text, read_filter
from tracker.web.query import (
    PAGE_SIZES,
    PageQuery,
    bounded_number,
    page_period,
    read_page_query,
)

#: The chain without a dimension: totals alone.
NO_GROUP = "none"
DEFAULT_METRICS = "cost,clicks,visits,conversions,cpa,revenue,roas"
OPERATORS = ("is", "contains", "matches")
#: Conditions that the form has fields for; more can be written as text.
MOST_ROWS = 12
_BREAKS = ',，"'
_VALUE = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,，\s][^,，]*))')
#: What the request's reader is given as it stands.
_SIMPLE = ("compare", "model", "by", "goal", "target_cpa", "target_roi", "sort", "order")
_DAYS = ("period", "from", "to")


@dataclass(frozen=True, slots=True)
class ExploreQuery:
    """What the address asks for, as texts; ``days`` has period, first and last day."""

    days: PageQuery
    group: str = DEFAULT_GROUP
    metrics: str = DEFAULT_METRICS
    filter: str = ""
    compare: str = "none"
    model: str = "last_non_direct"
    by: str = "click"
    goal: str = ""
    target_cpa: str = ""
    target_roi: str = ""
    sort: str = ""
    order: str = "desc"
    limit: str = "50"
    offset: str = "0"

    @property
    def chain(self) -> tuple[str, ...]:
        """The dimensions that are grouped by."""
        return () if self.group == NO_GROUP else _names(self.group)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The metrics that are asked for."""
        return _names(self.metrics)

    def address(self, **changes: Any) -> str:
        """The query string with some values changed, ``?`` included; empty for the defaults."""
        period = {name: changes.pop(name) for name in ("period",) if name in changes}
        wanted = replace(self, **changes) if changes else self
        given = {
            field.name: value
            for field in fields(wanted)
            if field.name != "days" and (value := getattr(wanted, field.name)) != field.default
        }
        days = self.days.address(**period).removeprefix("?")
        return "?" + "&".join(filter(None, (days, urlencode(given)))) if days or given else ""

    def api(self, **changes: str) -> str:
        """The query string of the API for the whole report."""
        given = {"from": self.days.first, "to": self.days.last, "group": ",".join(self.chain)}
        return "?" + urlencode(given | self.told() | changes)

    def told(self) -> dict[str, str]:
        """What the request's reader is told beside days and chain. The order that an address leaves
        out is not told, as a leading day has another one."""
        names = ("metrics", "filter", *_SIMPLE)
        given = {name: value for name in names if (value := getattr(self, name))}
        if not self.sort and self.order == "desc":
            del given["order"]
        return given

    def narrowed(self, name: str, value: str) -> str:
        """The address with one more condition: that the dimension has this value; empty where the
        filter would be too long, or have too much in it, to be read."""
        more: Condition = Test(name, "is", (value,))
        try:
            now = read_filter(self.filter)
        except InvalidInput:
            now = None
        joined = _flat(Join("and", (now, more))) if now else more
        text = filter_text(joined)
        return self.address(filter=text, offset="0") if _is_readable(text) else ""


class Row(NamedTuple):
    """A condition as the form has it: operators are those of OPERATORS, or ``not_`` before one."""

    dimension: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class FilterForm:
    """A filter as fields: rows of which all or any must hold, and what only a text can say."""

    joined: Literal["all", "any"]
    rows: Sequence[Row]
    text: str


def read_explore_query(given: QueryParams, today: date) -> ExploreQuery:
    """The query of a page; unknown parameters are ignored, empty ones are the default."""
    days = read_page_query({name: given[name] for name in _DAYS if name in given}, today)
    simple = {
        name: given[name].strip()
        for name in (*_SIMPLE, "limit", "offset")
        if given.get(name, "").strip()
    }
    query = ExploreQuery(
        days, group=_chain(given), metrics=_metrics(given), filter=_filter(given), **simple
    )
    if query.sort and query.sort not in (*query.chain, *query.chosen):
        # What was sorted by has been taken out of the report.
        query = replace(query, sort="", order="desc")
    return query


def explore_request(query: ExploreQuery, site: Site) -> BreakdownRequest:
    """The breakdown that a page asks for; InvalidInput names what is not allowed."""
    given = {"group": ",".join(query.chain)} | query.told()
    return replace(
        read_breakdown(given, site, page_period(query.days)),
        limit=bounded_number("limit", query.limit, 1, PAGE_SIZES[-1]),
        offset=bounded_number("offset", query.offset, 0, 10**9),
    )


def filter_form(text: str) -> FilterForm:
    """The fields that say this filter; one that they cannot say stands as text."""
    try:
        condition = read_filter(text)
    except InvalidInput:
        return FilterForm("all", (), text)
    if condition is None:
        return FilterForm("all", (), "")
    match _flat(condition):
        case Join("or", parts):
            joined: Literal["all", "any"] = "any"
        case Join("and", parts):
            joined = "all"
        case single:
            joined, parts = "all", (single,)
    rows = [row for part in parts if (row := _row(part))]
    if len(rows) < len(parts) or len(rows) > MOST_ROWS:
        return FilterForm("all", (), text)
    return FilterForm(joined, rows, "")


def _flat(condition: Condition) -> Condition:
    """The same, without a list of conditions directly within one of its kind, or a double not."""
    if isinstance(condition, Test):
        return condition
    parts: list[Condition] = []
    for part in map(_flat, condition.parts):
        if isinstance(part, Join) and part.word == condition.word != "not":
            parts += part.parts
        else:
            parts.append(part)
    match condition.word, parts:
        case "not", [Join("not", (inner,))]:
            return inner
    parts = list(dict.fromkeys(parts))
    return (
        parts[0]
        if len(parts) == 1 and condition.word != "not"
        else Join(condition.word, tuple(parts))
    )


def _row(condition: Condition) -> Row | None:
    """A condition as fields, if it is a test or the contrary of one that they can say."""
    row = _fields(condition)
    return row if row and _test(row) == condition else None


def _fields(condition: Condition) -> Row | None:
    match condition:
        case Test(name, operator, values):
            if operator == "matches" and len(values) > 1:
                return None
            return Row(name, operator, values[0] if operator == "matches" else _listed(values))
        case Join("not", (Test() as part,)):
            row = _fields(part)
            return row and row._replace(operator=f"not_{row.operator}")
    return None


def _listed(values: Sequence[str]) -> str:
    """Values between commas; one that has a comma or a quote itself is quoted as in CSV."""
    return ", ".join(
        '"' + value.replace('"', '""') + '"' if set(value) & set(_BREAKS) else value
        for value in values
    )


def _values(operator: str, text: str) -> tuple[str, ...]:
    if operator == "matches":
        return (text,)
    cells = (
        plain.strip() if plain else quoted.replace('""', '"')
        for quoted, plain in _VALUE.findall(text)
    )
    return tuple(dict.fromkeys(cells)) or ("",)


def _filter(given: QueryParams) -> str:
    """The filter of text and rows together, in its normal form where it can be read."""
    text = given.get("filter", "").strip()
    rows = zip(given.getlist("fd"), given.getlist("fo"), given.getlist("fv"), strict=False)
    tests = [test for row in rows if (test := _test(Row(*row)))]
    if not tests:
        return _normal(text)
    word = "or" if given.get("fj") == "any" else "and"
    of_rows = filter_text(Join(word, tuple(tests)) if len(tests) > 1 else tests[0])
    return _normal(f"({text}) and ({of_rows})" if text else of_rows)


def _test(row: Row) -> Condition | None:
    """The condition of a row of fields; None for one that is not filled in."""
    operator = row.operator.removeprefix("not_")
    value = " ".join(row.value.split())[:500]
    if not row.dimension or operator not in OPERATORS or (operator != "is" and not value):
        return None
    test = Test(row.dimension, operator, _values(operator, value))
    return Join("not", (test,)) if row.operator.startswith("not_") else test


def _is_readable(text: str) -> bool:
    try:
        read_filter(text)
    except InvalidInput:
        return False
    return True


def _normal(text: str) -> str:
    try:
        condition = read_filter(text)
    except InvalidInput:
        return text
    return "" if condition is None else filter_text(_flat(condition))


def _chain(given: QueryParams) -> str:
    if "group" not in given:
        return DEFAULT_GROUP
    names = [name for text in given.getlist("group") for name in _names(text)]
    names = [name for name in dict.fromkeys(names) if name != NO_GROUP]
    return ",".join(names[: MOST_DIMENSIONS + 1]) or NO_GROUP


def _metrics(given: QueryParams) -> str:
    names = [name for text in given.getlist("metrics") for name in _names(text)]
    return ",".join(dict.fromkeys(names)) or DEFAULT_METRICS


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
