"""The keyword report as CSV that a spreadsheet can open without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

from tracker.reports.result import KeywordReport, Metrics, Row

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
FIELDS = (*NAMES, *_FIGURES)
#: First characters that Excel, LibreOffice or WPS may take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe stands before a dangerous one.

    See OWASP, CSV injection. Only for texts: figures are written by us and stay as they are.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def keyword_csv(
    report: KeywordReport,
    *,
    titles: Iterable[str] = FIELDS,
    total: str = "",
    named: Callable[[str, Row], str] | None = None,
) -> bytes:
    """UTF-8 with a byte-order mark, which Excel needs for Chinese; lines end with CRLF.

    Figures are as in the JSON. ``total`` is the title of a last row with the totals, empty for
    none: programs add rows up themselves. ``named`` may put words for the codes in name columns.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(titles)
    for row in report.rows:
        show = named or _plain
        names = [safe_text(show(name, row)) for name in NAMES]
        writer.writerow([*names, *_figures(row)])
    if total:
        writer.writerow([total, *[""] * (len(NAMES) - 1), *_figures(report.totals)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(name: str, row: Row) -> str:
    return getattr(row, name) or ""


def _figures(metrics: Metrics) -> list[str]:
    values = (getattr(metrics, name) for name in _FIGURES)
    return ["" if value is None else str(value) for value in values]
