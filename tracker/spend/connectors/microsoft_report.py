"""Reports of Microsoft Advertising: what is asked, and the CSV within a ZIP that comes back."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import IO, Any, Final

from tracker.period import Period
from tracker.spend.connectors.answers import unreadable
from tracker.spend.connectors.contract import Capability, ClickRow, Row, SearchTermRow, TotalRow
from tracker.spend.connectors.failures import Transient
from tracker.spend.connectors.values import (
    NULLS,
    amount_of,
    count_of,
    day_of,
    device_of,
    id_of,
    match_type_of,
    name_of,
    number_or_none,
)
from tracker.spend.files.rows import SpendRow

PLATFORM = "Microsoft Advertising"
Cells = Mapping[str, str]

_FIGURES = ("Impressions", "Clicks", "Spend", "Conversions", "ConversionsQualified", "Revenue")
_PLACE = (
    "TimePeriod", "AccountId", "CurrencyCode", "CampaignId", "CampaignName", "AdGroupId",
    "AdGroupName", "KeywordId", "Keyword",
)  # fmt: skip
#: Report type and columns. TimePeriod is required. Columns of the search-term report are from the
#: reference; those of the click report are from the SDK's model alone (it has no documentation).
#: *Low-quality clicks* are those that nobody is charged for. How far back clicks are kept is not
#: known: as far as Google's.
REPORTS: Final[dict[Capability, tuple[str, tuple[str, ...]]]] = {
    Capability.KEYWORDS: (
        "KeywordPerformanceReportRequest",
        (*_PLACE, "BidMatchType", "DeliveredMatchType", "DeviceType", "Network", *_FIGURES),
    ),
    Capability.SEARCH_TERMS: (
        "SearchQueryPerformanceReportRequest",
        (*_PLACE, "SearchQuery", "BidMatchType", "DeviceType", *_FIGURES),
    ),
    Capability.CLICKS: (
        "MSClickIdPerformanceReportRequest",
        ("TimePeriod", "AccountId", "CampaignId", "AdGroupId", "KeywordId", "Keyword",
         "BidMatchType", "MSClickId"),
    ),
    Capability.ACCOUNT_TOTALS: (
        "AccountPerformanceReportRequest",
        ("TimePeriod", "AccountId", "CurrencyCode", "LowQualityClicks", *_FIGURES),
    ),
}  # fmt: skip
#: A row without a keyword, by its match type or campaign kind (?): why.
_NO_KEYWORD: Final = (
    ("performance max", "pmax"), ("performancemax", "pmax"), ("ai max", "ai_max"),
    ("aimax", "ai_max"), ("dynamic", "dynamic"), ("predictive", "ai_max"),
)  # fmt: skip
#: Longest field of a report, in characters, and the largest CSV, in bytes: more is a bomb.
FIELD_LIMIT = 1 << 20
CSV_LIMIT = 16 << 30


def request_of(account: str, days: Period, want: Capability, time_zone: str) -> dict[str, Any]:
    """The body of a submission."""
    kind, columns = REPORTS[want]
    return {
        "ReportRequest": {
            "Type": kind, "ReportName": f"{want} {days.first} {days.last}", "Format": "Csv",
            "FormatVersion": "2.0", "Aggregation": "Daily", "ReturnOnlyCompleteData": False,
            "ExcludeReportHeader": True, "ExcludeReportFooter": True,
            "ExcludeColumnHeaders": False, "Columns": list(columns),
            "Scope": {"AccountIds": [account]},
            "Time": {
                "CustomDateRangeStart": _date(days.first), "CustomDateRangeEnd": _date(days.last),
                "ReportTimeZone": time_zone,
            },
        }
    }  # fmt: skip


def _date(day: date) -> dict[str, int]:
    return {"Day": day.day, "Month": day.month, "Year": day.year}


def check_zip(file: IO[bytes]) -> None:
    """Transient unless the file is a whole ZIP with one CSV in it, every byte as it was packed."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.infolist()
            if len(names) != 1 or names[0].file_size > CSV_LIMIT:
                raise unreadable(PLATFORM, "its ZIP holds something else than one report")
            if archive.testzip() is not None:
                raise Transient(f"{PLATFORM} sent a damaged report.")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise Transient(
            f"{PLATFORM} sent a report that is no ZIP, or only a part ({type(error).__name__})."
        ) from None
    except RuntimeError:  # encrypted
        raise unreadable(PLATFORM, "its ZIP is encrypted") from None


def cells(file: IO[bytes], want: Capability) -> Iterator[Cells]:
    """The rows of a report that was checked, by column."""
    csv.field_size_limit(FIELD_LIMIT)
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as packed:
        text = io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")
        try:
            rows = csv.DictReader(text, strict=True)
            missing = set(REPORTS[want][1]) - set(rows.fieldnames or ())
            if missing:
                raise unreadable(PLATFORM, f"its report lacks {', '.join(sorted(missing))}")
            for row in rows:
                if None in row or None in row.values():
                    raise unreadable(PLATFORM, f"line {rows.line_num} has another length")
                yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise unreadable(PLATFORM, f"its report is no CSV ({type(error).__name__})") from None


def row_of(row: Cells, want: Capability, line: int) -> Row:
    """A row as ours; ValueError naming the column that cannot be read."""
    if want is Capability.KEYWORDS:
        return _keyword(row, line)
    if want is Capability.SEARCH_TERMS:
        return _search_term(row)
    if want is Capability.CLICKS:
        return ClickRow(
            click_id=row["MSClickId"],
            campaign_id=id_of(row["CampaignId"], "CampaignId"),
            ad_group_id=id_of(row["AdGroupId"], "AdGroupId"),
            keyword_id=id_of(row["KeywordId"], "KeywordId"),
            keyword=name_of(row["Keyword"]),
            match_type=match_type_of(row["BidMatchType"]),
        )
    return TotalRow(
        count_of(row["Impressions"], "Impressions"),
        count_of(row["Clicks"], "Clicks"),
        amount_of(row["Spend"], "Spend"),
        _conversions(row),
        number_or_none(row["Revenue"], "Revenue"),
        None
        if row["LowQualityClicks"] in NULLS
        else count_of(row["LowQualityClicks"], "LowQualityClicks"),
    )


def day_of_row(row: Cells) -> date:
    """The day of a row."""
    return day_of(row["TimePeriod"], "TimePeriod")


def _conversions(row: Cells) -> Any:
    """The exact figure where there is one: *Conversions* is whole numbers only."""
    qualified = number_or_none(row["ConversionsQualified"], "ConversionsQualified")
    return number_or_none(row["Conversions"], "Conversions") if qualified is None else qualified


def _keyword(row: Cells, line: int) -> SpendRow:
    keyword = name_of(row["Keyword"])
    reason = "" if keyword else _reason(row)
    match = row["BidMatchType"]
    return SpendRow(
        line=line,
        day=day_of_row(row),
        account=id_of(row["AccountId"], "AccountId"),
        campaign=name_of(row["CampaignName"]),
        campaign_id=id_of(row["CampaignId"], "CampaignId"),
        ad_group=name_of(row["AdGroupName"]),
        ad_group_id=id_of(row["AdGroupId"], "AdGroupId"),
        keyword=keyword,
        keyword_id=id_of(row["KeywordId"], "KeywordId"),
        match_type="" if match in NULLS else match_type_of(match),
        match_type_text="" if match in NULLS else match,
        device=device_of(row["DeviceType"]),
        network=name_of(row["Network"]),
        impressions=count_of(row["Impressions"], "Impressions"),
        clicks=count_of(row["Clicks"], "Clicks"),
        cost=amount_of(row["Spend"], "Spend"),
        currency=row["CurrencyCode"],
        platform_conversions=_conversions(row),
        platform_value=number_or_none(row["Revenue"], "Revenue"),
        kind="unallocated" if reason else "keyword",
        reason=reason,
    )


def _reason(row: Cells) -> str:
    words = " ".join(
        row[column].casefold() for column in ("BidMatchType", "DeliveredMatchType", "Network")
    )
    return next((reason for word, reason in _NO_KEYWORD if word in words), "no_keyword")


def _search_term(row: Cells) -> SearchTermRow:
    return SearchTermRow(
        term=row["SearchQuery"],
        campaign=name_of(row["CampaignName"]),
        campaign_id=id_of(row["CampaignId"], "CampaignId"),
        ad_group=name_of(row["AdGroupName"]),
        ad_group_id=id_of(row["AdGroupId"], "AdGroupId"),
        keyword=name_of(row["Keyword"]),
        keyword_id=id_of(row["KeywordId"], "KeywordId"),
        match_type=match_type_of(row["BidMatchType"]),
        device=device_of(row["DeviceType"]),
        impressions=count_of(row["Impressions"], "Impressions"),
        clicks=count_of(row["Clicks"], "Clicks"),
        cost=amount_of(row["Spend"], "Spend"),
        platform_conversions=_conversions(row),
        platform_value=number_or_none(row["Revenue"], "Revenue"),
    )
