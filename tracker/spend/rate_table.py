"""Exchange rates published as a table: csv, tsv or xlsx, packed or not.

Two shapes. *Long*: day, base, quote, rate, as files of rates that people import (``rate_file.py``).
*Wide*: a day and one column for each currency, what one EUR is worth in it, as the European
Central Bank publishes its history; cells such as N/A are no rate.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Final

from tracker.errors import InvalidInput
from tracker.spend.rate_file import open_rate_file
from tracker.tables.dates import parse_day
from tracker.tables.intake import refuse_problems
from tracker.tables.numbers import default_style, parse_number
from tracker.tables.problem import CellError
from tracker.tables.table import View, open_table

#: What all columns of a wide table are in.
WIDE_BASE: Final = "EUR"
_DAYS: Final = frozenset({"date", "day", "日期"})
_CURRENCY = re.compile(r"[A-Z]{3}")
_NOTHING: Final = frozenset({"", "-", "--", "n/a", "na", "nan", "null"})
_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)

Rates = Mapping[str, Decimal]


def read_table(body: bytes) -> Iterator[tuple[date, Rates]]:
    """The rates of each day, against one currency of that day. InvalidInput for what is no table
    of rates, or has rates of a day that no currency connects."""
    with tempfile.NamedTemporaryFile(prefix="rates-") as copy:
        copy.write(body)
        copy.flush()
        path = Path(copy.name)
        views = open_table(path, "The table of exchange rates").views()
        wide = next((view for view in views if _is_wide(view)), None)
        yield from _wide(wide) if wide else _long(path)


def _is_wide(view: View) -> bool:
    cells = [cell.strip() for cell in view.head[0][1]] if view.head else []
    return (
        len(cells) > 1
        and cells[0].casefold() in _DAYS
        and all(_CURRENCY.fullmatch(cell) for cell in cells[1:] if cell)
        and any(cells[1:])
    )


def _wide(view: View) -> Iterator[tuple[date, Rates]]:
    rows = view.rows()
    _, titles = next(rows)
    style = default_style(view.delimiter)
    for line, cells in rows:
        if not any(cells):
            continue
        found = {WIDE_BASE: Decimal(1)}
        try:
            day = parse_day(cells[0], None)
            for title, cell in zip(titles[1:], cells[1:], strict=False):
                if title.strip() and cell.strip().casefold() not in _NOTHING:
                    rate = parse_number(cell, style)
                    if rate is None or rate <= 0:
                        raise CellError(f"{cell[:40]!r} is no positive number.")
                    found[title.strip()] = rate
        except (CellError, ValueError, IndexError) as error:
            raise InvalidInput(f"Line {line} of the exchange rates: {error}") from error
        yield day, found


def _long(path: Path) -> Iterator[tuple[date, Rates]]:
    file = open_rate_file(path, name="The table of exchange rates")
    days: dict[date, list[tuple[str, str, Decimal]]] = {}
    for row in file.rows:
        days.setdefault(row.day, []).append((row.base, row.quote, row.rate))
    refuse_problems(file.problems, skip=False)
    for day, pairs in days.items():
        yield day, _against_one(day, pairs)


def _against_one(day: date, pairs: list[tuple[str, str, Decimal]]) -> Rates:
    """What one unit of the first base is worth in each currency of the day."""
    found = {pairs[0][0]: Decimal(1)}
    left = pairs
    while left:
        rest = []
        for base, quote, rate in left:
            if base in found:
                found.setdefault(quote, _EXACT.multiply(found[base], rate))
            elif quote in found:
                found[base] = _EXACT.divide(found[quote], rate)
            else:
                rest.append((base, quote, rate))
        if len(rest) == len(left):
            base, quote, _ = rest[0]
            raise InvalidInput(
                f"Nothing connects {base}/{quote} with the other exchange rates of {day}.",
                hint="Give the rates of a day against one currency.",
            )
        left = rest
    return found
