"""The keyword report as its page shows it: tiles, cells, changes and links, all as text.

Nothing is computed here but the change against the previous period, which is shown only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tracker.reports.result import KeywordReport, Metrics, Row
from tracker.web.columns import Column, report_columns, tile_columns
from tracker.web.formats import NOTHING, Formats
from tracker.web.i18n import Language, msgid
from tracker.web.notes import row_title
from tracker.web.paging import Paging, paging_of
from tracker.web.query import PageQuery
from tracker.web.trend_chart import CHARTED, TrendChart, trend_chart
from tracker.web.vocabulary import platform_name

_KEYWORD, _CAMPAIGN, _AD_GROUP = msgid("Keyword"), msgid("Campaign"), msgid("Ad group")
MATCH_TYPES = {
    "exact": msgid("Exact match"),
    "phrase": msgid("Phrase match"),
    "broad": msgid("Broad match"),
    "smart": msgid("Smart match"),
}


def match_type_name(speech: Language, name: str | None) -> str:
    """A match type in the reader's language; one that is not known as it stands."""
    known = MATCH_TYPES.get((name or "").lower())
    return speech.gettext(known) if known else name or ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with its change; ``tone`` is good, bad or empty, ``before`` the previous figure."""

    text: str
    change: str = ""
    tone: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A total at the head of the report."""

    title: str
    help: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: the address that sorts by it, and ``aria-sort`` where it is sorted."""

    title: str
    help: str
    address: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table; ``place`` is campaign and ad group."""

    title: str
    under: tuple[str, ...]
    is_keyword: bool
    platform: str
    place: tuple[str, ...]
    cells: tuple[Cell, ...]


class KeywordView:
    """What the template of the keyword report asks for."""

    def __init__(
        self, report: KeywordReport, query: PageQuery, speech: Language, formats: Formats
    ) -> None:
        self._report, self._query = report, query
        self._speech, self._formats = speech, formats
        self.columns = report_columns(
            has_margin=report.margin is not None or report.own_margins,
            has_rules=report.totals.adjusted_cost != report.totals.cost,
            has_judged=_is_judged(report.totals)
            or (report.previous is not None and _is_judged(report.previous.totals)),
        )
        self.currency = report.currency

    def tiles(self) -> list[Tile]:
        """The totals of the whole report, on whatever page of the table one is."""
        report = self._report
        columns = tile_columns(has_margin=report.margin is not None or report.own_margins)
        before = self._report.previous.totals if self._report.previous else None
        return [
            Tile(
                column.name(self._speech, self._query.platform),
                self._speech.gettext(column.help),
                self._cell(column, self._report.totals, before, with_sign=True),
            )
            for column in columns
        ]

    def headings(self) -> list[Heading]:
        """The metric columns with their sort links."""
        return [self._heading(column) for column in self.columns]

    def keyword_heading(self) -> Heading:
        """The first column's."""
        title = self._own_word(_KEYWORD)
        return self._sortable("keyword", title, "", falling_first=False)

    def place_title(self) -> str:
        """Campaign and ad group, in the platform's own words."""
        return f"{self._own_word(_CAMPAIGN)} / {self._own_word(_AD_GROUP)}"

    def lines(self) -> list[Line]:
        """The rows of this page."""
        return [self._line(row) for row in self._report.rows]

    def total(self) -> tuple[Cell, ...]:
        """The total row."""
        before = self._report.previous.totals if self._report.previous else None
        return self._cells(self._report.totals, before)

    def paging(self) -> Paging:
        """Where this page lies among all rows."""
        return paging_of(
            count=self._report.row_count,
            shown=len(self._report.rows),
            size=int(self._query.limit),
            offset=int(self._query.offset),
            address=lambda offset: self._query.address(offset=str(offset)) or "?",
        )

    def chart(self) -> TrendChart:
        """The trend as its chart."""
        trend = self._report.trend
        return trend_chart(
            locale=self._speech.tag,
            days=[point.day for point in trend],
            series={
                "cost": [_float(point.cost) for point in trend],
                "revenue": [_float(point.revenue) for point in trend],
                "conversions": [_float(point.conversions) for point in trend],
            },
            labels=self._chart_labels(),
        )

    def trend(self) -> list[tuple[str, str, str, str, str]]:
        """The same as a table: day, cost, revenue, conversions, visits."""
        show = self._formats
        return [
            (
                show.day(point.day),
                show.amount(point.cost, self.currency),
                show.amount(point.revenue, self.currency),
                show.credit(point.conversions),
                show.count(point.visits),
            )
            for point in self._report.trend
        ]

    def _chart_labels(self) -> dict[str, str]:
        names = {
            column.field: column.name(self._speech, self._query.platform)
            for column in tile_columns(has_margin=False)
        }
        wanted = {name: names[name] for name in CHARTED}
        return wanted | {"day": self._speech.gettext("Day")}

    def _own_word(self, word: str) -> str:
        return self._speech.pgettext(self._query.platform or "mixed", word)

    def _heading(self, column: Column) -> Heading:
        title = column.name(self._speech, self._query.platform)
        return self._sortable(column.field, title, self._speech.gettext(column.help))

    def _sortable(
        self, field: str, title: str, explained: str, *, falling_first: bool = True
    ) -> Heading:
        current = self._query.sort == field
        falling = self._query.order == "asc" if current else falling_first
        order = "desc" if falling else "asc"
        address = self._query.address(sort=field, order=order, offset="0") or "?"
        names = {"asc": "ascending", "desc": "descending"}
        return Heading(title, explained, address, names[self._query.order] if current else "")

    def _line(self, row: Row) -> Line:
        if row.kind == "keyword":
            title = row.keyword or ""
            under = [match_type_name(self._speech, row.match_type)]
            if row.brand:
                under.append(self._speech.gettext("Brand"))
        else:
            title, reason = row_title(self._speech, row.kind, row.reason)
            under = [reason]
        return Line(
            title=title or NOTHING,
            under=tuple(text for text in under if text),
            is_keyword=row.kind == "keyword",
            platform=platform_name(self._speech, row.platform),
            place=tuple(text for text in (row.campaign, row.ad_group) if text),
            cells=self._cells(row, row.previous),
        )

    def _cells(self, now: Metrics, before: Metrics | None) -> tuple[Cell, ...]:
        return tuple(self._cell(column, now, before) for column in self.columns)

    def _cell(
        self, column: Column, now: Metrics, before: Metrics | None, *, with_sign: bool = False
    ) -> Cell:
        show = self._shower(column, with_sign=with_sign)
        value = getattr(now, column.field)
        if before is None:
            return Cell(show(value))
        earlier = getattr(before, column.field)
        change = change_of(value, earlier, column)
        if change is None:
            return Cell(show(value), before="" if earlier is None else show(earlier))
        is_points = column.unit == "percent"
        text = self._formats.signed(change, points=is_points)
        if is_points:
            text = self._speech.gettext("%(change)s pp") % {"change": text}
        return Cell(show(value), text, tone_of(change * column.rise), show(earlier))

    def _shower(self, column: Column, *, with_sign: bool) -> Callable[..., str]:
        show = self._formats
        if column.unit == "amount":
            write = show.headline if with_sign else show.amount
            return lambda value: write(value, self.currency)
        writers: dict[str, Callable[..., str]] = {
            "count": show.count,
            "credit": show.credit,
            "percent": show.percent,
            "ratio": show.ratio,
        }
        return writers[column.unit]


def _is_judged(totals: Metrics) -> bool:
    """Whether somebody said of any inquiry if it was valid."""
    return totals.valid_rate is not None


def tone_of(gain: float) -> str:
    return "good" if gain > 0 else "bad" if gain < 0 else ""


def change_of(now: str | float | None, before: str | float | None, column: Column) -> float | None:
    """The difference of percentages, else the relative change; None where there is none."""
    if now is None or before is None:
        return None
    new, old = Decimal(str(now)), Decimal(str(before))
    if column.unit == "percent":
        return float(new - old)
    return None if old == 0 else float((new - old) / abs(old))


def _float(value: str | None) -> float | None:
    """For drawing only."""
    return None if value is None else float(value)
