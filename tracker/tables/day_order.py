"""Whether a file writes day or month first, asked of all its dates."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tracker.errors import InvalidInput
from tracker.tables.columns import Header
from tracker.tables.dates import AmbiguousDay, Order, learn_order, parse_day
from tracker.tables.problem import CellError


def sampled_cells(header: Header, column: int) -> Iterator[str]:
    """The cells of a column in the first rows; none for the column -1."""
    if column >= 0:
        yield from (cells[column] for _, cells in header.sample() if len(cells) > column)


def order_of_sample(header: Header, column: int) -> Order | None:
    """The order that the lines above the table and its first rows show; None if they do not.

    InvalidInput where they contradict each other.
    """
    above = (cell for _, cells in header.preamble() for cell in cells)
    try:
        return learn_order(itertools.chain(above, sampled_cells(header, column)))
    except CellError as error:
        raise InvalidInput(str(error)) from error


def order_of_rows(header: Header, column: int) -> Order | None:
    """Where the first rows do not tell day from month, ask all rows; InvalidInput if none does.

    NOTE: this reads the file once more, only for files that write 1/9/2026.
    """
    ambiguous = next((c for c in sampled_cells(header, column) if _is_ambiguous(c)), None)
    if ambiguous is None:
        return None
    try:
        order = learn_order(cells[column] for _, cells in header.rows() if len(cells) > column)
        if order is None:
            parse_day(ambiguous)
    except CellError as error:
        raise InvalidInput(str(error)) from error
    return order


def _is_ambiguous(cell: str) -> bool:
    try:
        parse_day(cell)
    except AmbiguousDay:
        return True
    except CellError:
        return False
    return False
