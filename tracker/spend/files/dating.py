"""Which day each row of a report belongs to, and which period the report covers.

A report without a day column and over more than a day is *undated*: its rows have no day, and
whoever imports it decides (refuse, or store a total of the period). Nothing is spread over days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tracker.errors import InvalidInput
from tracker.spend.files.cells import period_of
from tracker.spend.files.preamble import Declared, declared_by_name, read_preamble
from tracker.tables.columns import Header
from tracker.tables.dates import Order
from tracker.tables.day_order import order_of_rows, order_of_sample, sampled_cells
from tracker.tables.problem import CellError


@dataclass(frozen=True, slots=True)
class Dating:
    """``column`` holds the day of a row, or in an undated file its period (-1: no such column).

    ``within`` is the period that the lines above the table declare; ``fixed`` the day of all rows
    of a file without a day column. Days are the ad account's local days.
    """

    order: Order | None
    column: int
    fixed: date | None
    first: date | None
    last: date | None
    within: tuple[date, date] | None
    undated: bool


def read_declared(
    header: Header, day_column: int, order: Order | None
) -> tuple[Declared, Order | None]:
    """What the file declares above its table, and how it writes day and month."""
    order = order or order_of_sample(header, day_column)
    return read_preamble(header.preamble(), order), order


def resolve_dating(
    header: Header, day_column: int, declared: Declared, order: Order | None, day: date | None
) -> Dating:
    """The dating of a file; ``day`` is the day that the user names for a file without one."""
    period = declared.period or declared_by_name(header.view.table.name).period
    first, last = period or (None, None)
    if day_column < 0:
        if declared.ambiguous_period and day is None and period is None:
            raise InvalidInput(
                f"The file's period {declared.ambiguous_period!r} may be day/month or month/day.",
                hint="Download the report with the day column, or a range past the 12th.",
            )
        fixed = day or (first if first == last else None)
        if fixed is not None:
            return Dating(order, -1, fixed, fixed, fixed, None, False)
        return Dating(order, -1, None, first, last, None, True)
    order = order or order_of_rows(header, day_column)
    span = _row_period(header, day_column, order)
    if span is not None:
        return Dating(order, day_column, None, span[0], span[1], None, True)
    return Dating(order, day_column, None, first, last, declared.period, False)


def _row_period(header: Header, column: int, order: Order | None) -> tuple[date, date] | None:
    """The range that stands in the day column of the first rows, if one stands there."""
    for cell in sampled_cells(header, column):
        try:
            if span := period_of(cell, order):
                return span
        except CellError:
            continue
    return None
