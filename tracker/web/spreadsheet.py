"""The keyword report as CSV that a spreadsheet can open without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from tracker.reports.measures import Value
from tracker.reports.result import KeywordReport, Metrics, Row
from tracker.web.explore_names import METRIC_COLUMNS
from tracker.web.i18n import msgid
from tracker.web.keyword_view import change_of

NAMES = (
    *("kind", "reason", "platform", "account", "campaign", "ad_group", "keyword"),
    *("keyword_id", "match_type"),
)
_FIGURES = (
    *("impressions", "clicks", "cost", "adjusted_cost", "cpc", "ctr"),
    *("visits", "arrived_clicks", "arrival_rate", "conversions", "cvr", "cpa"),
    *("valid_inquiries", "cost_per_valid_inquiry", "valid_rate", "revenue"),
    *("contribution", "profit", "roas", "revenue_roi", "roi"),
)
#: Columns of a comparison, by how their names begin, for people; they follow all figures.
COMPARED = {
    "previous_": msgid("%(metric)s, previous period"),
    "change_": msgid("%(metric)s, change"),
}
#: First characters that Excel, LibreOffice or WPS may take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe stands before a dangerous one.

    See OWASP, CSV injection. Only for texts: figures are written by us and stay as they are.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def figure_names(figures: Sequence[str], *, compared: bool) -> tuple[str, ...]:
    """The columns of these figures: themselves, then of a comparison what they were and by how much
    they changed."""
    return (*figures, *(start + name for start in COMPARED if compared for name in figures))


def figure_values(
    figures: Sequence[str], now: Mapping[str, Value], before: Mapping[str, Value] | None
) -> list[Value]:
    """What stands in these columns. A change is that of the pages, a share of what was before, and
    of percentages the difference; None where there is none."""
    values = [now[name] for name in figures]
    if before is None:
        return values
    earlier = [before[name] for name in figures]
    changes = [
        change_of(value, old, METRIC_COLUMNS[name])
        for name, value, old in zip(figures, values, earlier, strict=True)
    ]
    return [*values, *earlier, *changes]


def keyword_fields(report: KeywordReport) -> tuple[str, ...]:
    """The columns of the keyword report's files."""
    return (*NAMES, *figure_names(_FIGURES, compared=report.previous is not None))


def keyword_figures(now: Metrics, before: Metrics | None) -> list[Value]:
    """What stands in the columns after NAMES."""
    earlier = None if before is None else msgspec.structs.asdict(before)
    return figure_values(_FIGURES, msgspec.structs.asdict(now), earlier)


def keyword_csv(
    report: KeywordReport,
    *,
    titles: Iterable[str] = (),
    total: str = "",
    named: Callable[[str, Row], str] | None = None,
) -> bytes:
    """UTF-8 with a byte-order mark, which Excel needs for Chinese; lines end with CRLF.

    Figures are as in the JSON. ``titles`` are those of ``keyword_fields``, whose names stand
    there without any. ``total`` is the title of a last row with the totals, empty for none:
    programs add rows up themselves. ``named`` may put words for the codes in name columns.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(titles or keyword_fields(report))
    for row in report.rows:
        show = named or _plain
        names = [safe_text(show(name, row)) for name in NAMES]
        writer.writerow([*names, *_figures(row, row.previous)])
    if total:
        before = report.previous.totals if report.previous else None
        writer.writerow([total, *[""] * (len(NAMES) - 1), *_figures(report.totals, before)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(name: str, row: Row) -> str:
    return getattr(row, name) or ""


def _figures(now: Metrics, before: Metrics | None) -> list[str]:
    return ["" if value is None else str(value) for value in keyword_figures(now, before)]
