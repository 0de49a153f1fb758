"""Files of exchange rates: one unit of ``base`` is worth ``rate`` units of ``quote`` on a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tracker.errors import InvalidInput
from tracker.money import parse_currency
from tracker.tables.columns import (
    Header,
    check_mapping,
    find_headers,
    known_titles,
    mapped_columns,
    mapped_header,
    only_header,
    resolve_columns,
    squeeze,
    widest_row,
)
from tracker.tables.dates import Order, parse_day
from tracker.tables.day_order import order_of_rows, order_of_sample
from tracker.tables.numbers import Style, default_style, learn_style, parse_number, unwrap
from tracker.tables.problem import CellError, Problems, quoted
from tracker.tables.shape import refuse_no_rows, whole_rows
from tracker.tables.table import open_table

#: A rate has at most nine decimals and stands below a thousand million.
STEP: Final = Decimal("0.000000001")
LIMIT: Final = Decimal(10) ** 9
#: One row with ``until`` may cover so many days.
MOST_DAYS: Final = 3700


Value = TypeVar("Value")


class RateRow(msgspec.Struct, frozen=True):
    """One unit of ``base`` is worth ``rate`` units of ``quote`` on that day; ``rate`` > 0."""

    line: int
    day: date
    base: str
    quote: str
    rate: Decimal


NAMES: Final = {
    "day": (("Day", "Date", "From date", "日期", "生效日期", "开始日期"),),
    "until": (("Until", "To date", "End date", "截止日期", "结束日期", "到期日期"),),
    "base": (
        ("Base", "From", "From currency", "Base currency", "源货币", "原币", "基准货币"),
        ("Currency", "货币", "币种"),
    ),
    "quote": (("Quote", "To", "To currency", "Quote currency", "目标货币", "本位币", "兑换货币"),),
    "rate": (("Rate", "Exchange rate", "汇率"),),
}
FIELDS: Final = tuple(NAMES)
_KNOWN = known_titles(NAMES)


@dataclass(slots=True)
class RateFile:
    """A file of rates; ``rows`` reads it, as often as wanted, a row of a range once for each day.

    ``problems`` holds what could not be read after ``rows`` has been read to its end.
    """

    header: Header
    columns: Mapping[str, int]
    quote: str
    order: Order | None
    style: Style
    problems: Problems = field(default_factory=Problems)

    @property
    def rows(self) -> Iterator[RateRow]:
        """The readable rates. InvalidInput at the end if the file is half-written."""
        return _read_rows(self)


def open_rate_file(
    path: Path, mapping: Mapping[str, str] | None = None, *, quote: str = "", name: str = ""
) -> RateFile:
    """Recognise the columns of a file. Errors: InvalidInput that says what is missing.

    ``quote`` is the currency that all rates are in, for a file without such a column.
    """
    mapping = mapping or {}
    check_mapping(mapping, FIELDS)
    table = open_table(path, name)
    views = table.views()
    header = mapped_header(views, mapping) or only_header(find_headers(views, _is_header))
    likeliest = header or widest_row(views)
    there = likeliest.titles() if likeliest else ""
    if header is None:
        raise _missing(table.name, "day, base, quote and rate", there)
    mapped = mapped_columns(header.cells, mapping)
    known = resolve_columns(header.cells, {f: n for f, n in NAMES.items() if f not in mapped})
    columns = known | mapped
    needed = ["day", "base", "rate"] + ([] if quote else ["quote"])
    if missing := [name for name in needed if name not in columns]:
        raise _missing(table.name, " and ".join(missing), there)
    refuse_no_rows(header)
    order = order_of_sample(header, columns["day"]) or order_of_rows(header, columns["day"])
    quote = parse_currency(quote) if quote else ""
    return RateFile(header, columns, quote, order, _style(header, columns["rate"]))


def _missing(name: str, what: str, there: str) -> InvalidInput:
    return InvalidInput(
        f"{name} has no column for {what}; it has: {there}.",
        hint="Columns are day, base, quote, rate and optionally until; or --map rate=…",
    )


def _is_header(titles: tuple[str, ...]) -> bool:
    fields = {_KNOWN.get(squeeze(title)) for title in titles} - {None}
    return "rate" in fields and len(fields) >= 2


def _style(header: Header, column: int) -> Style:
    cells = (row[column] for _, row in header.sample() if len(row) > column)
    try:
        return learn_style(cells) or default_style(header.view.delimiter)
    except CellError as error:
        raise InvalidInput(str(error), hint="Write all rates with one decimal sign.") from error


def _read_rows(file: RateFile) -> Iterator[RateRow]:
    file.problems.reset()
    seen: dict[tuple[date, str, str], tuple[int, Decimal]] = {}
    for line, cells in whole_rows(file.header, file.columns, file.problems):
        for row in _days_of(file, line, cells):
            first, rate = seen.setdefault((row.day, row.base, row.quote), (line, row.rate))
            if first == line:
                yield row
            elif rate != row.rate:
                message = f"Line {first} has another rate for {row.base}/{row.quote} on {row.day}."
                file.problems.add(line, file.header.cells[file.columns["rate"]], "", message)


def _days_of(file: RateFile, line: int, cells: list[str]) -> list[RateRow]:
    """A row's rate for each of its days; none, and problems, where a cell cannot be read."""
    read = _CellReader(file, line, cells)
    day = read("day", lambda cell: parse_day(cell, file.order))
    base = read("base", _currency)
    quote = read("quote", _currency) if "quote" in file.columns else file.quote
    rate = read("rate", lambda cell: _rate(cell, file.style))
    last = day
    if "until" in file.columns and unwrap(cells[file.columns["until"]]):
        last = read("until", lambda cell: _until(cell, file.order, day))
    if day is None or last is None or not base or not quote or rate is None:
        return []
    if base == quote:
        file.problems.add(line, "", base, f"Base and quote are both {base}.")
        return []
    count = (last - day).days + 1
    return [RateRow(line, day + timedelta(days=n), base, quote, rate) for n in range(count)]


class _CellReader:
    """Reads the cells of one row; a cell that cannot be read is a problem and None."""

    def __init__(self, file: RateFile, line: int, cells: list[str]) -> None:
        self.file, self.line, self.cells = file, line, cells

    def __call__(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        index = self.file.columns[name]
        try:
            return parse(self.cells[index])
        except (CellError, InvalidInput) as error:
            title = self.file.header.cells[index]
            self.file.problems.add(self.line, title, self.cells[index], str(error))
            return None


def _currency(cell: str) -> str:
    return parse_currency(unwrap(cell))


def _until(cell: str, order: Order | None, day: date | None) -> date:
    last = parse_day(cell, order)
    if day is not None and not 0 <= (last - day).days < MOST_DAYS:
        raise CellError(f"The range {day} to {last} is upside down or longer than ten years.")
    return last


def _rate(cell: str, style: Style) -> Decimal:
    rate = parse_number(cell, style)
    if rate is None or not 0 < rate < LIMIT:
        raise CellError(f"{quoted(cell)} is not a rate: a number above 0 and below {LIMIT}.")
    if rate != rate.quantize(STEP):
        raise CellError(f"The rate {quoted(cell)} has more than nine decimals.")
    return rate.quantize(STEP)
