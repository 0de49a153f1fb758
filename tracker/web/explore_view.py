"""A breakdown as the explorer shows it: headings, cells, changes and links, all as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from tracker.period import Period
from tracker.reports.breakdown import Breakdown
from tracker.reports.breakdown_writer import BreakdownRow
from tracker.reports.measures import Value
from tracker.reports.result import Incomplete
from tracker.web.columns import Column
from tracker.web.explore_names import METRIC_COLUMNS, ValueNames, dimension_title, metric_title
from tracker.web.explore_query import ExploreQuery
from tracker.web.formats import NOTHING, Formats
from tracker.web.i18n import Language, msgid
from tracker.web.keyword_view import Cell, Heading, change_of, tone_of
from tracker.web.notes import Note, coverage_note, incomplete_note
from tracker.web.paging import Paging, paging_of
from tracker.web.trend_chart import CHARTED, TrendChart, trend_chart

UNALLOCATED, UNKNOWN = msgid("Unallocated"), msgid("Not known")
#: What stands on rows without a dimension, where it is more than unallocated.
_REST = {"search_term": msgid("Other search terms")}
#: Dimensions that do not apply to every row: none is not the same as not known.
_NOT_ALL = ("reason", "stage", "brand", "match_type")
#: What the facts are that a breakdown was read from.
_FACTS = {
    "visits": msgid("Visits"),
    "hits": msgid("Visits"),
    "credits": msgid("Conversions and revenue"),
    "site_spend": msgid("Cost, clicks and impressions"),
    "term_spend": msgid("Cost, clicks and impressions"),
    "daily": msgid("Cost, clicks and impressions"),
}
#: What a day without a row has of them, as in the trend of the keyword report.
_NO_ROW: Mapping[str, Value] = {"cost": None, "revenue": "0", "conversions": "0"}


@dataclass(frozen=True, slots=True)
class Name:
    """The value of a dimension in a row; ``address`` narrows the report to it (empty: cannot)."""

    text: str
    address: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table; ``share`` is its part of the largest in per cent, for the bar."""

    names: tuple[Name, ...]
    cells: tuple[Cell, ...]
    share: int | None


class ExploreView:
    """What the template of the explorer asks for."""

    def __init__(
        self,
        report: Breakdown,
        query: ExploreQuery,
        speech: Language,
        formats: Formats,
        values: ValueNames,
    ) -> None:
        self._report, self._query = report, query
        self._speech, self._formats, self._values = speech, formats, values
        self._columns = [METRIC_COLUMNS[name] for name in report.totals]

    def dimensions(self) -> list[Heading]:
        """Heads of the columns of the chain."""
        return [
            self._heading(name, dimension_title(self._speech, name), "", falling_first=False)
            for name in self._report.group
        ]

    def metrics(self) -> list[Heading]:
        """Heads of the columns of figures."""
        return [
            self._heading(
                column.field,
                metric_title(self._speech, column.field),
                self._speech.gettext(column.help),
            )
            for column in self._columns
        ]

    def lines(self) -> list[Line]:
        """The rows of this page."""
        shares = self._shares()
        return [
            Line(
                tuple(self._name(row, name) for name in self._report.group),
                self._cells(row.metrics, row.previous),
                share,
            )
            for row, share in zip(self._report.rows, shares, strict=True)
        ]

    def total(self) -> tuple[Cell, ...]:
        """The total row."""
        previous = self._report.previous
        return self._cells(self._report.totals, previous.totals if previous else None)

    def paging(self) -> Paging:
        """Where this page lies among all rows."""
        return paging_of(
            count=self._report.row_count,
            shown=len(self._report.rows),
            size=int(self._query.limit),
            offset=int(self._query.offset),
            address=lambda offset: self._query.address(offset=str(offset)) or "?",
        )

    def notes(self) -> list[Note]:
        """What makes figures of this report provisional, or stands apart."""
        coverage = self._report.coverage
        notes = [coverage_note(coverage, self._speech, self._formats)] if coverage else []
        return [*notes, *(self._note(item) for item in self._report.incomplete)]

    def help(self) -> list[tuple[str, str]]:
        """Name and explanation of each metric."""
        return [(one.title, one.help) for one in self.metrics()]

    def chart(self) -> TrendChart | None:
        """Cost, revenue and conversions of every day, as lines would be drawn across days left
        out; none where the table is no such series, or not whole."""
        report = self._report
        is_whole = len(report.rows) == report.row_count > 1
        if report.group != ("day",) or not is_whole or not set(CHARTED) <= report.totals.keys():
            return None
        found = {row.values["day"]: row.metrics for row in report.rows}
        period = Period.parse(report.first, report.last)
        days = [(period.first + timedelta(days=n)).isoformat() for n in range(period.days)]
        return trend_chart(
            locale=self._speech.tag,
            days=days,
            series={
                name: [_float(found.get(day, _NO_ROW)[name]) for day in days] for name in CHARTED
            },
            labels={name: metric_title(self._speech, name) for name in CHARTED}
            | {"day": self._speech.gettext("Day")},
        )

    def _name(self, row: BreakdownRow, dimension: str) -> Name:
        value = row.values[dimension]
        if dimension in row.unallocated:
            rest = _REST.get(dimension, UNALLOCATED)
            return Name(self._speech.gettext(rest), "", is_known=False)
        address = self._query.narrowed(dimension, value or "")
        if not value:
            text = NOTHING if dimension in _NOT_ALL else self._speech.gettext(UNKNOWN)
            return Name(text, address, is_known=False)
        return Name(self._values.name(dimension, value), address, is_known=True)

    def _heading(
        self, field: str, title: str, explained: str, *, falling_first: bool = True
    ) -> Heading:
        is_sorted = self._report.sort == field
        falling = self._report.order == "asc" if is_sorted else falling_first
        order = "desc" if falling else "asc"
        address = self._query.address(sort=field, order=order, offset="0") or "?"
        names = {"asc": "ascending", "desc": "descending"}
        return Heading(title, explained, address, names[self._report.order] if is_sorted else "")

    def _cells(
        self, now: Mapping[str, Value], before: Mapping[str, Value] | None
    ) -> tuple[Cell, ...]:
        return tuple(
            self._cell(
                column,
                now[column.field],
                None if before is None else before[column.field],
                is_alone=before is None,
            )
            for column in self._columns
        )

    def _cell(self, column: Column, value: Value, earlier: Value, *, is_alone: bool) -> Cell:
        show = self._writer(column)
        if is_alone:
            return Cell(show(value))
        change = change_of(value, earlier, column)
        if change is None:
            return Cell(show(value), before="" if earlier is None else show(earlier))
        is_points = column.unit == "percent"
        text = self._formats.signed(change, points=is_points)
        if is_points:
            text = self._speech.gettext("%(change)s pp") % {"change": text}
        return Cell(show(value), text, tone_of(change * column.rise), show(earlier))

    def _writer(self, column: Column) -> Callable[..., str]:
        show = self._formats
        if column.unit == "amount":
            return lambda value: show.amount(value, self._report.currency)
        writers: dict[str, Callable[..., str]] = {
            "count": show.count,
            "credit": show.credit,
            "percent": show.percent,
            "ratio": show.ratio,
        }
        return writers[column.unit]

    def _shares(self) -> list[int | None]:
        """How long each row's bar is: its part of the largest figure that is sorted by."""
        field = self._report.sort
        if field not in METRIC_COLUMNS or METRIC_COLUMNS[field].unit not in (
            "amount",
            "count",
            "credit",
        ):
            return [None] * len(self._report.rows)
        figures = [_float(row.metrics[field]) for row in self._report.rows]
        most = max((figure for figure in figures if figure is not None), default=0.0)
        return [
            None if figure is None or most <= 0 else max(0, round(100 * figure / most))
            for figure in figures
        ]

    def _note(self, item: Incomplete) -> Note:
        table, _, name = item.source.partition(": ")
        is_own = item.kind in ("unallocated", "left_out", "partly_left_out")
        totals = self._report.totals
        untracked = totals.get("untracked_cost")
        return incomplete_note(
            item,
            self._speech,
            self._formats,
            untracked=self._formats.money(str(untracked), self._report.currency)
            if untracked is not None
            else "",
            facts=self._speech.gettext(_FACTS.get(table, table)) if is_own else "",
            dimension=dimension_title(self._speech, name) if is_own else "",
        )


def _float(value: Value) -> float | None:
    """For drawing only."""
    return None if value is None else float(value)
