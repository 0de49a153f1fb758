"""Cells of one file turned into values, each distinct text parsed once.

A report repeats most of its cells, so the caches carry most of the work; each is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from tracker.errors import InvalidInput
from tracker.money import STEP, parse_amount
from tracker.spend.files.values import canonical_currency, clean_text
from tracker.tables.dates import Order, days_in, parse_day
from tracker.tables.numbers import NOTHING, Style, parse_number, unwrap
from tracker.tables.problem import CellError, quoted

#: A cache that has grown to so many texts is emptied.
CACHED = 50_000

Value = TypeVar("Value")


class Cells(dict[str, Value]):
    """``cells[text]`` is the value of a cell's text. Raises CellError where it has none."""

    def __init__(self, parse: Callable[[str], Value]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: str) -> Value:
        value = self._parse(text)
        if len(self) >= CACHED:
            self.clear()
        self[text] = value
        return value


def parse_cost(cell: str, style: Style) -> Decimal:
    """An exact amount of at most six decimals. ``--`` is 0; an empty cell is an error."""
    value = parse_number(cell, style)
    if value is None:
        if not unwrap(cell):
            raise CellError("The cost is missing.")
        return Decimal(0).quantize(STEP)
    try:
        return parse_amount(f"{value:f}")
    except InvalidInput as error:
        raise CellError(error.message) from error


def parse_metric(cell: str, style: Style) -> Decimal | None:
    """The platform's own conversions or their value, rounded to six decimals; None for nothing."""
    value = parse_number(cell, style)
    if value is None:
        return None
    if abs(value) >= 10**12:
        raise CellError(f"{quoted(cell)} is too large.")
    return value.quantize(STEP)


def parse_currency_cell(cell: str) -> str:
    """A currency code, "" where the cell says nothing."""
    text = clean_text(cell)
    if not text:
        return ""
    try:
        return canonical_currency(text)
    except InvalidInput as error:
        raise CellError(str(error)) from error


def parse_report_day(cell: str, order: Order | None, within: tuple[date, date] | None) -> date:
    """The day of a row, which has to lie in the period that the report declares above its table.

    A range of one day (``2026-07-18至2026-07-18``) is that day.
    """
    if unwrap(cell) in NOTHING:
        raise CellError("The day is missing.")
    span = _span(cell, order)
    day = span[0] if span and span[0] == span[1] else parse_day(cell, order)
    if within and not within[0] <= day <= within[1]:
        raise CellError(f"{day} is outside the file's period {within[0]} to {within[1]}.")
    return day


def parse_report_period(cell: str, order: Order | None, period: tuple[date, date]) -> None:
    """Check that a row of an undated report covers the same period as the others."""
    if _span(cell, order) != period:
        raise CellError(
            f"{quoted(cell)} is another period than {period[0]} to {period[1]}; "
            "a report by week or month cannot be imported."
        )


def period_of(cell: str, order: Order | None) -> tuple[date, date] | None:
    """The range of days in a cell of the day column; None if it holds one day or none."""
    span = _span(cell, order)
    return span if span and span[0] < span[1] else None


def _span(cell: str, order: Order | None) -> tuple[date, date] | None:
    days = days_in(unwrap(cell), order)
    return (days[0], days[1]) if len(days) == 2 else None
