"""The header of a spend report: where it is, which columns it has, whether it is the right report.

Refuses what would import wrong numbers: search-term and campaign reports in place of keyword
reports, two columns that could both be the cost, tables without a cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracker.errors import InvalidInput
from tracker.spend.files.fields import METRICS, NAMES, SEARCH_TERM
from tracker.spend.files.guidance import which_report
from tracker.spend.files.layouts import LAYOUTS, is_header
from tracker.tables.columns import (
    Header,
    UnclearColumns,
    find_headers,
    mapped_columns,
    mapped_header,
    only_header,
    resolve_columns,
    squeeze,
    widest_row,
)
from tracker.tables.table import View

_HOW_TO_MAP = (
    "For any other table name its columns: "
    "--map day=…,campaign=…,ad_group=…,keyword=…,impressions=…,clicks=…,cost=…"
)


class UnknownHeader(UnclearColumns):
    """No row of the file is the header of a report that is known; the hint lists those."""


def find_header(name: str, views: Sequence[View], mapping: Mapping[str, str]) -> Header:
    """The header row: the one that the mapping speaks of, else the one that is recognised."""
    if mapping and (header := mapped_header(views, mapping)):
        recognised = only_header(find_headers(views, is_header))
        if recognised is None or recognised.line == header.line:
            return header
        best = {squeeze(title) for title in mapping.values()}
        if best <= {squeeze(title) for title in header.cells}:
            return header
        return recognised
    if header := only_header(find_headers(views, is_header)):
        return header
    raise _unknown(name, views, mapping)


def spend_columns(header: Header, mapping: Mapping[str, str], platform: str) -> dict[str, int]:
    """The column of each field: the mapped ones, and those recognised by name."""
    mapped = mapped_columns(header.cells, mapping)
    names = {field: tiers for field, tiers in NAMES.items() if field not in mapped}
    taken = set(mapped.values())
    known = resolve_columns(header.cells, names)
    columns = mapped | {field: at for field, at in known.items() if at not in taken}
    _check_report(header, columns, mapping, platform)
    return columns


def _check_report(
    header: Header, columns: Mapping[str, int], mapping: Mapping[str, str], platform: str
) -> None:
    """InvalidInput with the report to download where this one cannot be used."""
    searched = {squeeze(name) for name in SEARCH_TERM} & {squeeze(t) for t in header.cells}
    if searched and "keyword" not in mapping:
        raise InvalidInput(
            "This is a search-term report: its cost covers only the terms that the platform shows.",
            hint=which_report(platform),
        )
    if "cost" not in columns:
        raise UnclearColumns(
            f"The report has no cost column; it has: {header.titles()}.",
            hint=f"{which_report(platform)} Or name the column: --map cost=…",
        )
    missing = [field for field in METRICS if field not in columns]
    if missing and not mapping:
        raise UnclearColumns(
            f"The report has no column for {' and '.join(missing)}; it has: {header.titles()}.",
            hint=f"{which_report(platform)} Or name the columns that there are: --map cost=…",
        )
    if "keyword" not in columns and "keyword_id" not in columns:
        _check_keywordless(header, columns, mapping, platform)


def _check_keywordless(
    header: Header, columns: Mapping[str, int], mapping: Mapping[str, str], platform: str
) -> None:
    if mapping and "campaign" in columns:
        return
    level = "ad group" if "ad_group" in columns else "campaign"
    level = level if "campaign" in columns or "ad_group" in columns else "account"
    advice = ""
    if "campaign" in columns:
        title = header.cells[columns["campaign"]]
        advice = (
            " To import it without keywords, as unallocated spend of its campaigns, "
            f"say so: --map campaign={title}"
        )
    raise UnclearColumns(
        f"This is a report by {level}: it has no keyword column ({header.titles()}).",
        hint=which_report(platform) + advice,
    )


def _unknown(name: str, views: Sequence[View], mapping: Mapping[str, str]) -> UnclearColumns:
    likeliest = widest_row(views)
    there = ""
    if likeliest is not None and likeliest.titles():
        there = f" Its likeliest header is line {likeliest.line}: {likeliest.titles()}."
    if mapping:
        wanted = ", ".join(mapping.values())
        return UnclearColumns(f"No line of {name} holds the columns {wanted}.{there}")
    known = " | ".join(f"{one.name}: {one.example}" for one in LAYOUTS if one.example)
    return UnknownHeader(
        f"{name} has no header of a keyword report that is known.{there}",
        hint=f"Known: {known}. {_HOW_TO_MAP}",
    )
