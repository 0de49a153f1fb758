"""Reports of Yandex Direct: what is asked, and the tab-separated text that comes back."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import IO, Any, Final

from tracker.period import Period
from tracker.spend.connectors.answers import unreadable
from tracker.spend.connectors.contract import Capability, Row, SearchTermRow, TotalRow
from tracker.spend.connectors.failures import Transient
from tracker.spend.connectors.values import (
    amount_of,
    count_of,
    day_of,
    device_of,
    id_of,
    name_of,
    number_or_none,
)
from tracker.spend.files.rows import SpendRow

PLATFORM = "Yandex Direct"
Cells = Mapping[str, str]

_FIGURES = ("Impressions", "Clicks", "Cost", "Conversions")
_PLACE = ("Date", "CampaignId", "CampaignName", "AdGroupId", "AdGroupName")
_CRITERION = ("CriterionId", "Criterion", "CriterionType")
#: Report type and columns. Those of search terms and totals are from the reference of the fields.
REPORTS: Final[dict[Capability, tuple[str, tuple[str, ...]]]] = {
    Capability.KEYWORDS: (
        "CRITERIA_PERFORMANCE_REPORT",
        (*_PLACE, *_CRITERION, "Device", *_FIGURES),
    ),
    Capability.SEARCH_TERMS: (
        "SEARCH_QUERY_PERFORMANCE_REPORT",
        (*_PLACE, "CriterionId", "Criterion", "Query", *_FIGURES),
    ),
    Capability.ACCOUNT_TOTALS: ("ACCOUNT_PERFORMANCE_REPORT", ("Date", *_FIGURES)),
}
#: The last line of a report, when it is asked for: how a text that was cut is told from a whole.
_SUMMARY = re.compile(rb"Total rows: ?([0-9]+)\s*")
KEYWORD = "KEYWORD"
#: Longest line of a report, in bytes.
LINE_LIMIT = 1 << 20


def request_of(days: Period, want: Capability, vat: bool, stamp: str) -> dict[str, Any]:
    """The body of a request. ``stamp`` is of the pull: a report of a name that was made before is
    answered as it was made, and would hide what was restated since."""
    kind, columns = REPORTS[want]
    params = {
        "SelectionCriteria": {"DateFrom": days.first.isoformat(), "DateTo": days.last.isoformat()},
        "FieldNames": list(columns), "ReportType": kind, "DateRangeType": "CUSTOM_DATE",
        "Format": "TSV", "IncludeVAT": "YES" if vat else "NO",
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps([params, stamp]).encode()).hexdigest()[:12]
    return {"params": params | {"ReportName": f"{want} {days.first} {days.last} {digest}"}}


def check_whole(file: IO[bytes], summary: bool) -> None:
    """Transient unless the report has its columns and, with ``summary``, its last line says that
    there are as many rows as there are."""
    rows = -1
    last = b""
    while line := file.readline(LINE_LIMIT):
        if len(line) >= LINE_LIMIT:
            raise Transient(f"{PLATFORM} sent a report with too long a line.")
        rows, last = rows + 1, line
    if rows < 0:
        raise Transient(f"{PLATFORM} sent an empty report.")
    if not summary:
        return
    found = _SUMMARY.fullmatch(last)
    if not found or int(found[1]) != rows - 1:
        raise Transient(f"{PLATFORM} sent only a part of a report.")


def cells(file: IO[bytes], want: Capability, summary: bool) -> Iterator[Cells]:
    """The rows of a report that was checked, by column."""
    names = REPORTS[want][1]
    text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
    try:
        header = text.readline().rstrip("\r\n").split("\t")
        if missing := set(names) - set(header):
            raise unreadable(PLATFORM, f"its report lacks {', '.join(sorted(missing))}")
        for number, line in enumerate(text, 2):
            if summary and _SUMMARY.fullmatch(line.encode()):
                return
            values = line.rstrip("\r\n").split("\t")
            if len(values) != len(header):
                raise unreadable(PLATFORM, f"line {number} has another number of columns")
            yield dict(zip(header, values, strict=True))
    except UnicodeDecodeError:
        raise unreadable(PLATFORM, "its report is not UTF-8") from None
    finally:
        text.detach()


def day_of_row(row: Cells) -> date:
    """The day of a row."""
    return day_of(row["Date"], "Date")


def row_of(row: Cells, account: str, want: Capability, line: int) -> Row:
    """A row as ours; ValueError naming the column that cannot be read."""
    if want is Capability.KEYWORDS:
        return _keyword(row, account, line)
    if want is Capability.SEARCH_TERMS:
        return _search_term(row)
    impressions, clicks, cost, conversions = _figures(row)
    return TotalRow(impressions, clicks, cost, conversions, None)


def _figures(row: Cells) -> tuple[int, int, Decimal, Decimal | None]:
    return (
        count_of(row["Impressions"], "Impressions"),
        count_of(row["Clicks"], "Clicks"),
        amount_of(row["Cost"], "Cost"),
        number_or_none(row["Conversions"], "Conversions"),
    )


def _keyword(row: Cells, account: str, line: int) -> SpendRow:
    impressions, clicks, cost, conversions = _figures(row)
    kind = name_of(row["CriterionType"]).upper()
    keyword = name_of(row["Criterion"])
    reason = "" if kind == KEYWORD and keyword else kind.casefold() or "no_keyword"
    reason = "no_keyword" if reason == KEYWORD.casefold() else reason
    return SpendRow(
        line=line,
        day=day_of_row(row),
        account=account,
        campaign=name_of(row["CampaignName"]),
        campaign_id=id_of(row["CampaignId"], "CampaignId"),
        ad_group=name_of(row["AdGroupName"]),
        ad_group_id=id_of(row["AdGroupId"], "AdGroupId"),
        keyword="" if reason else keyword,
        keyword_id="" if reason else id_of(row["CriterionId"], "CriterionId"),
        match_type="",
        match_type_text="",
        device=device_of(row["Device"]),
        network="",
        impressions=impressions,
        clicks=clicks,
        cost=cost,
        currency="",
        platform_conversions=conversions,
        platform_value=None,
        kind="unallocated" if reason else "keyword",
        reason=reason,
    )


def _search_term(row: Cells) -> SearchTermRow:
    impressions, clicks, cost, conversions = _figures(row)
    return SearchTermRow(
        term=row["Query"],
        campaign=name_of(row["CampaignName"]),
        campaign_id=id_of(row["CampaignId"], "CampaignId"),
        ad_group=name_of(row["AdGroupName"]),
        ad_group_id=id_of(row["AdGroupId"], "AdGroupId"),
        keyword=name_of(row["Criterion"]),
        keyword_id=id_of(row["CriterionId"], "CriterionId"),
        match_type="",
        device="",
        impressions=impressions,
        clicks=clicks,
        cost=cost,
        platform_conversions=conversions,
        platform_value=None,
    )
