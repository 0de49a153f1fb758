"""Reports of invalid clicks, such as 360's 无效点击报告: by day, what was filtered and credited.

A report may part a day by campaign or keyword: its rows are summed. Rows of totals name no day,
and are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from tracker.errors import InvalidInput
from tracker.money import LIMIT, STEP
from tracker.tables.columns import (
    Header,
    find_headers,
    known_titles,
    only_header,
    resolve_columns,
    squeeze,
    widest_row,
)
from tracker.tables.currency_marks import mark_of_amounts
from tracker.tables.dates import Order, parse_day
from tracker.tables.day_order import order_of_rows, order_of_sample
from tracker.tables.numbers import Style, default_style, learn_style, parse_number, unwrap
from tracker.tables.problem import CellError, Problems, quoted
from tracker.tables.shape import refuse_no_rows, whole_rows
from tracker.tables.table import open_table

NAMES: Final = {
    "day": (("Day", "Date", "日期", "天", "统计日期", "时间"),),
    "account": (("Account", "账户", "账号", "帐户", "帐号", "账户名称", "账户名"),),
    "clicks": (
        ("Invalid clicks", "过滤点击量", "过滤点击数", "无效点击量", "无效点击", "无效点击次数"),
    ),
    "amount": (("Credited amount", "Invalid cost", "过滤金额", "过滤消费", "返还金额"),),
}
_KNOWN: Final = known_titles(NAMES)
_TOTALS: Final = ("total", "总计", "合计", "汇总", "--", "-")
Value = TypeVar("Value")


class Key(NamedTuple):
    """An account as the file names it, "" if it does not, and a day."""

    account: str
    day: date


@dataclass(slots=True)
class Credited:
    """Clicks that were taken back on a day; ``amount`` is None where the file has no amounts."""

    clicks: int = 0
    amount: Decimal | None = None


@dataclass(slots=True)
class InvalidFile:
    """A recognised file; ``problems`` is filled by ``read``. ``mark`` is what its amounts say of
    their currency, such as ``$``."""

    header: Header
    columns: Mapping[str, int]
    order: Order | None
    style: Style
    mark: str = ""
    problems: Problems = field(default_factory=Problems)

    def read(self) -> dict[Key, Credited]:
        """The days that can be read. InvalidInput at the end if the file is half-written."""
        found: dict[Key, Credited] = {}
        for line, cells in self._rows():
            key, clicks, amount = self._row(line, cells)
            if key is None or clicks is None:
                continue
            day = found.setdefault(key, Credited())
            day.clicks += clicks
            if "amount" in self.columns:
                day.amount = (day.amount or Decimal(0)) + (amount or Decimal(0))
        return found

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        for line, cells in whole_rows(self.header, self.columns, self.problems):
            label = unwrap(cells[self.columns["day"]]).casefold()
            first = unwrap(next((cell for cell in cells if cell.strip()), "")).casefold()
            if not (label.startswith(_TOTALS) or (not label and first.startswith(_TOTALS))):
                yield line, cells

    def _row(self, line: int, cells: list[str]) -> tuple[Key | None, int | None, Decimal | None]:
        def cell(name: str, parse: Callable[[str], Value]) -> Value | None:
            index = self.columns[name]
            try:
                return parse(cells[index])
            except (CellError, InvalidInput) as error:
                title = self.header.cells[index]
                self.problems.add(line, title, cells[index], str(error))
                return None

        day = cell("day", lambda text: parse_day(text, self.order))
        clicks = cell("clicks", lambda text: _count(text, self.style))
        amount = None
        if "amount" in self.columns:
            amount = cell("amount", lambda text: _amount(text, self.style))
            if amount is None:
                return None, None, None
        account = unwrap(cells[self.columns["account"]]) if "account" in self.columns else ""
        return (Key(account, day) if day else None), clicks, amount


def open_invalid_file(path: Path, name: str = "") -> InvalidFile:
    """Recognise the columns of a file. Errors: InvalidInput that says what is missing."""
    table = open_table(path, name)
    views = table.views()
    header = only_header(find_headers(views, _is_header))
    if header is None:
        likeliest = widest_row(views)
        there = likeliest.titles() if likeliest else ""
        raise InvalidInput(
            f"{table.name} has no column for day and invalid clicks; it has: {there}.",
            hint="Columns are 日期, 过滤点击量 and 过滤金额, as in 360's 无效点击报告.",
        )
    columns = resolve_columns(header.cells, NAMES)
    refuse_no_rows(header)
    order = order_of_sample(header, columns["day"]) or order_of_rows(header, columns["day"])
    mark = mark_of_amounts(header, columns["amount"]) if "amount" in columns else ""
    return InvalidFile(header, columns, order, _style(header, columns), mark)


def _is_header(titles: tuple[str, ...]) -> bool:
    fields = {_KNOWN.get(squeeze(title)) for title in titles}
    return {"day", "clicks"} <= fields


def _style(header: Header, columns: Mapping[str, int]) -> Style:
    index = columns.get("amount", columns["clicks"])
    cells = (row[index] for _, row in header.sample() if len(row) > index)
    try:
        return learn_style(cells) or default_style(header.view.delimiter)
    except CellError as error:
        raise InvalidInput(str(error), hint="Write all amounts with one decimal sign.") from error


def _count(cell: str, style: Style) -> int:
    value = parse_number(cell, style)
    if value is None:
        return 0
    if value < 0 or value != value.to_integral_value() or value >= 2**63:
        raise CellError(f"{quoted(cell)} is no number of clicks.")
    return int(value)


def _amount(cell: str, style: Style) -> Decimal:
    value = parse_number(cell, style)
    if value is None:
        return Decimal(0)
    if not 0 <= value <= LIMIT or value != value.quantize(STEP):
        raise CellError(f"{quoted(cell)} is no amount from 0 on with at most six decimals.")
    return value.quantize(STEP)
