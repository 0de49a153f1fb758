"""Files of conversions that happened away from the site: orders, signed contracts, calls.

One row is one stage of one lead: when, which stage, its value, an id of its own, and something
that leads back to the visit: visitor, click id, visit code, landing URL, e-mail or phone (hashed
here, or before), the platform's ids, or the lead that an earlier row belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from tracker.conversions.offline_cells import cell_parsers, text_of
from tracker.conversions.offline_columns import FIELDS, IDENTIFIERS, NAMES, is_header
from tracker.errors import InvalidInput
from tracker.tables.columns import (
    Header,
    check_mapping,
    find_headers,
    mapped_columns,
    mapped_header,
    only_header,
    resolve_columns,
    widest_row,
)
from tracker.tables.currency_marks import currencies_of, mark_of
from tracker.tables.dates import Order
from tracker.tables.day_order import order_of_rows, order_of_sample
from tracker.tables.instants import parse_instant
from tracker.tables.numbers import Style, default_style, learn_style
from tracker.tables.problem import CellError, Problems
from tracker.tables.shape import refuse_no_rows, whole_rows
from tracker.tables.table import View, open_table


class OfflineRow(msgspec.Struct, frozen=True):
    """One stage of one lead. ``time`` is UTC; ``day_only`` rows stand at the end of their day.

    ``value`` may be negative (a refund), None where the file states none; ``currency`` "" means
    the site's. ``tax_rate`` is the tax that the value includes, as a share of its net value: 0 for
    a net value, None for the site's rule. ``email_hash`` and ``phone_hash`` are SHA-256 in
    hexadecimal. ``removed`` withdraws an earlier row of the same id. ``product_group`` names whose
    margin the value has; ``order_cost`` is what its goods cost, net, in its currency: of a refund
    what the goods cost that came back.
    """

    line: int
    time: datetime
    day_only: bool
    stage: str
    value: Decimal | None
    currency: str
    tax_rate: Decimal | None
    product_group: str
    order_cost: Decimal | None
    id: str
    lead: str
    visitor: str
    click_id: str
    visit_code: str
    landing_url: str
    email_hash: str
    phone_hash: str
    user_hash: str
    person: str
    order_id: str
    reason: str
    platform: str
    campaign: str
    campaign_id: str
    ad_group: str
    ad_group_id: str
    keyword: str
    keyword_id: str
    match_type: str
    removed: bool


NO_VALUE = "An order cost needs the value of the order beside it."


@dataclass(slots=True)
class OfflineFile:
    """A file of offline conversions; ``rows`` reads it, as often as wanted.

    ``problems`` holds what could not be read after ``rows`` has been read to its end.
    """

    header: Header
    columns: Mapping[str, int]
    zone: ZoneInfo
    order: Order | None
    style: Style
    stage: str
    currency: str = ""
    problems: Problems = field(default_factory=Problems)

    @property
    def rows(self) -> Iterator[OfflineRow]:
        """The readable rows, streamed. InvalidInput at the end if the file is half-written."""
        return _Reading(self).rows()

    def progress(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return self.header.view.table.progress()


def open_offline_file(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    *,
    zone: ZoneInfo,
    stage: str = "",
    name: str = "",
    currency: str = "",
) -> OfflineFile:
    """Recognise the columns of a file. Errors: InvalidInput that says what is missing.

    Times without an offset are the clock of ``zone``, the site's. ``stage`` is the stage of all
    rows of a file without such a column; ``name`` the original name of an upload; ``currency`` the
    site's, of values that name none.
    """
    mapping = mapping or {}
    check_mapping(mapping, FIELDS)
    table = open_table(path, name)
    header = _find_header(table.name, table.views(), mapping)
    mapped = mapped_columns(header.cells, mapping)
    known = resolve_columns(header.cells, {f: n for f, n in NAMES.items() if f not in mapped})
    taken = set(mapped.values())
    columns = mapped | {f: index for f, index in known.items() if index not in taken}
    _check_columns(header, columns, stage)
    refuse_no_rows(header)
    when = columns.get("time", columns.get("day", -1))
    order = order_of_sample(header, when) or order_of_rows(header, when)
    return OfflineFile(header, columns, zone, order, _style(header, columns), stage, currency)


def _find_header(name: str, views: list[View], mapping: Mapping[str, str]) -> Header:
    header = mapped_header(views, mapping) or only_header(find_headers(views, is_header))
    if header is None:
        likeliest = widest_row(views)
        there = f" Its first line with columns is: {likeliest.titles()}." if likeliest else ""
        raise InvalidInput(
            f"{name} has no header of offline conversions that is known.{there}",
            hint="Name its columns: --map id=…,time=…,stage=…,value=…,email=…",
        )
    return header


def _check_columns(header: Header, columns: Mapping[str, int], stage: str) -> None:
    missing = [] if {"time", "day"} & set(columns) else ["time or day"]
    missing += [] if "id" in columns else ["id"]
    missing += [] if "stage" in columns or stage else ["stage or goal"]
    if not {*IDENTIFIERS, "removed"} & set(columns):
        missing.append("visitor, click id, visit code, landing URL, e-mail, phone or lead")
    if missing:
        raise InvalidInput(
            f"The file has no column for {'; '.join(missing)}; it has: {header.titles()}.",
            hint=f"Name them with --map field=column; the fields are {', '.join(FIELDS)}.",
        )


def _style(header: Header, columns: Mapping[str, int]) -> Style:
    index = columns.get("value", -1)
    cells = (row[index] for _, row in header.sample() if 0 <= index < len(row))
    try:
        return learn_style(cells) or default_style(header.view.delimiter)
    except CellError as error:
        raise InvalidInput(str(error), hint="Write all values with one decimal sign.") from error


class _Reading:
    """One pass over the file: parses each field and collects the problems."""

    def __init__(self, file: OfflineFile) -> None:
        self.file = file
        self.problems = file.problems
        self.problems.reset()
        self.seen: dict[str, int] = {}
        self.parsers = cell_parsers(file.style)

    def rows(self) -> Iterator[OfflineRow]:
        for line, cells in whole_rows(self.file.header, self.file.columns, self.problems):
            if row := self._row(line, cells):
                yield row

    def _row(self, line: int, cells: list[str]) -> OfflineRow | None:
        before = self.problems.total
        when = self._when(line, cells)
        values = {name: self._value(line, cells, name) for name in FIELDS[2:]}
        values["stage"] = values["stage"] or self.file.stage
        for name in ("id", "stage"):
            if not values[name]:
                self._problem(line, name, "", f"The {name} is missing.")
        # Systems write 0 where there is nothing.
        if values["order_cost"] and values["value"] is None:
            self._problem(line, "order_cost", "", NO_VALUE)
        # A row that withdraws another is known by its id alone.
        if not values["removed"] and not any(values[name] for name in IDENTIFIERS):
            message = "Nothing leads back to a visit: no " + ", ".join(IDENTIFIERS[:10]) + "."
            self.problems.add(line, "", "", message)
        values["currency"] = self._marked(line, cells, values)
        self._note_repeat(line, str(values["id"]))
        if when is None or self.problems.total > before:
            return None
        for name in ("email", "phone", "user"):
            values[f"{name}_hash"] = values.pop(name)
        fields = {"line": line, "time": when[0], "day_only": when[1], **values}
        return msgspec.convert(fields, OfflineRow)

    def _when(self, line: int, cells: list[str]) -> tuple[datetime, bool] | None:
        """The time where the row has one, else its day."""
        columns = self.file.columns
        filled = [n for n in ("time", "day") if n in columns and text_of(cells[columns[n]])]
        if not filled:
            self._problem(line, "time" if "time" in columns else "day", "", "The time is missing.")
            return None
        cell = cells[columns[filled[0]]]
        try:
            return parse_instant(cell, self.file.zone, self.file.order)
        except CellError as error:
            self._problem(line, filled[0], cell, str(error))
            return None

    def _value(self, line: int, cells: list[str], name: str) -> object:
        index = self.file.columns.get(name)
        cell = "" if index is None else cells[index]
        try:
            return self.parsers.get(name, text_of)(cell)
        except (CellError, InvalidInput) as error:
            self._problem(line, name, cell, str(error))
            return cell  # so that the row is not also said to lack it

    def _marked(self, line: int, cells: list[str], values: Mapping[str, object]) -> str:
        """The currency of a row: of its column, else of the mark of its value (``US$ 900``).

        A mark of another currency than the row's is an error: its number is no amount in that one.
        """
        currency = str(values["currency"])
        for name in ("value", "order_cost"):
            if values[name] is None:
                continue
            index = self.file.columns[name]
            mark = mark_of(cells[index], self.file.header.cells[index])
            meant, known = currencies_of(mark), currency or self.file.currency
            if known in meant or not mark:
                continue
            if name == "value" and not currency and len(meant) == 1:
                (currency,) = meant
            elif known or not meant:
                message = f"The number is marked {mark}, but its currency is {known}."
                self._problem(line, name, cells[index], message)
        return currency

    def _note_repeat(self, line: int, key: str) -> None:
        if key and (first := self.seen.setdefault(key, line)) != line:
            message = f"The id stands in line {first} already; each row needs an id of its own."
            self._problem(line, "id", key, message)

    def _problem(self, line: int, name: str, cell: str, message: str) -> None:
        index = self.file.columns.get(name)
        title = name if index is None else self.file.header.cells[index]
        self.problems.add(line, title, cell, message)
