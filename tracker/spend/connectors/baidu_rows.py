"""Rows of Baidu reports: ids are numbers, money is a double in yuan, enums numbers or labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from tracker.spend.connectors.contract import Capability, Row, SearchTermRow, TotalRow
from tracker.spend.connectors.values import (
    amount_of,
    count_of,
    day_of,
    device_of,
    id_of,
    match_type_of,
    name_of,
)
from tracker.spend.files.rows import SpendRow

#: A row by column; floats are Decimal.
Cells = Mapping[str, object]

#: winfoIdTypeEnum, number or label: why a row has no keyword of its own, "" for keywords.
KIND: Final = {
    "0": "", "关键词": "",
    "1": "word_package", "词包": "word_package",
    "2": "no_keyword",
    "3": "auto_expansion", "自动扩量": "auto_expansion",
}  # fmt: skip
#: mixWmatchEnum by number; labels are read as words. 127 is 分匹配, of no one type.
MATCH: Final = {"0": "smart", "16": "smart", "17": "phrase", "48": "exact", "127": ""}
DEVICE: Final = {"0": "desktop", "1": "mobile"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows. ``cost_unit`` is what a cost of 1 is, in yuan; ``term`` is the column of search
    terms."""

    cost_unit: Decimal
    term: str

    def day(self, cells: Cells) -> date:
        """The day of a row; an hour after it is ignored."""
        return day_of(_text(cells, "date"), "date")

    def row(self, cells: Cells, want: Capability, line: int) -> Row:
        """The row as ours; ValueError naming the column that cannot be read."""
        if want is Capability.KEYWORDS:
            return self._keyword(cells, line)
        if want is Capability.SEARCH_TERMS:
            return self._search_term(cells)
        return TotalRow(
            _count(cells, "impression"), _count(cells, "click"), self._cost(cells), None, None
        )

    def _keyword(self, cells: Cells, line: int) -> SpendRow:
        label = _text(cells, "winfoIdTypeEnum")
        reason = KIND.get(label, "no_keyword" if label else "")
        keyword = name_of(_text(cells, "wInfoNameStatus"))
        if not (reason or keyword):
            reason = "no_keyword"
        match = _text(cells, "mixWmatchEnum")
        return SpendRow(
            line=line,
            day=self.day(cells),
            account=_id(cells, "userId"),
            campaign=name_of(_text(cells, "campaignNameStatus")),
            campaign_id=_id(cells, "campaignId"),
            ad_group=name_of(_text(cells, "adGroupNameStatus")),
            ad_group_id=_id(cells, "adGroupId"),
            # An id of another type may be equal to a keyword's.
            keyword="" if reason else keyword,
            keyword_id="" if reason else _id(cells, "wInfoId"),
            match_type=MATCH[match] if match in MATCH else match_type_of(match),
            match_type_text=match,
            device=_device(cells),
            network="",
            impressions=_count(cells, "impression"),
            clicks=_count(cells, "click"),
            cost=self._cost(cells),
            currency="CNY",
            platform_conversions=None,
            platform_value=None,
            kind="unallocated" if reason else "keyword",
            reason=reason,
        )

    def _search_term(self, cells: Cells) -> SearchTermRow:
        return SearchTermRow(
            term=_text(cells, self.term),
            campaign=name_of(_text(cells, "campaignNameStatus")),
            campaign_id=_id(cells, "campaignId"),
            ad_group=name_of(_text(cells, "adGroupNameStatus")),
            ad_group_id=_id(cells, "adGroupId"),
            keyword=name_of(_text(cells, "wInfoNameStatus")),
            keyword_id=_id(cells, "wInfoId"),
            match_type="",
            device=_device(cells),
            impressions=_count(cells, "impression"),
            clicks=_count(cells, "click"),
            cost=self._cost(cells),
            platform_conversions=None,
            platform_value=None,
        )

    def _cost(self, cells: Cells) -> Decimal:
        value = cells.get("cost")
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal | None):
            raise ValueError("cost is no amount")
        return amount_of(str(value) if isinstance(value, int) else value, "cost") * self.cost_unit


def _text(cells: Cells, column: str) -> str:
    value = cells.get(column)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{column} is no text")
    return str(value)


def _id(cells: Cells, column: str) -> str:
    return id_of(_text(cells, column), column)


def _count(cells: Cells, column: str) -> int:
    value = cells.get(column)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | None):
        raise ValueError(f"{column} is no count")
    return count_of(value, column)


def _device(cells: Cells) -> str:
    label = _text(cells, "device")
    return DEVICE.get(label) or device_of(label)
