"""A spend report opened and read: ``open_spend_file`` is what the importer calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from operator import itemgetter
from pathlib import Path

from tracker.errors import InvalidInput
from tracker.spend.files.dating import Dating, read_declared, resolve_dating
from tracker.spend.files.fields import FIELDS, TEXT_FIELDS
from tracker.spend.files.header import find_header, spend_columns
from tracker.spend.files.layouts import recognise_layout
from tracker.spend.files.parser import Plan, RowParser
from tracker.spend.files.preamble import (
    Declared,
    currency_of_title,
    declared_by_name,
    device_of_columns,
    line_text,
)
from tracker.spend.files.rows import Scope, SpendRow, Sums, Total
from tracker.spend.files.values import is_footer, is_total
from tracker.tables.columns import Header, check_mapping, clean_titles
from tracker.tables.currency_marks import currency_of_mark, mark_of_amounts
from tracker.tables.dates import Order
from tracker.tables.numbers import Style, default_style, learn_style
from tracker.tables.problem import CellError, Problems
from tracker.tables.shape import Shape, refuse_no_rows
from tracker.tables.table import open_table

#: Platforms that write a keyword with the marks of its match type.
_DECORATING = frozenset({"google", "microsoft"})
#: Columns that hold numbers although they are not read.
_NUMERIC = re.compile(r"rate|ctr|cpc|avg|cost|%|率|价格|费用|均价|排名|消费", re.IGNORECASE)
#: A dimension that names nothing, as reports write it.
_BLANKS = frozenset({"", " ", "--", " --", "-", "—", "–"})


@dataclass(slots=True)
class SpendFile:
    """A report and what it says of itself; ``rows`` reads it, as often as wanted.

    ``platform`` is "" where the layout does not tell; ``mark`` is as in ``Declared``. ``first`` and
    ``last`` are the days of the declared period, None if it declares none. ``undated``: no day
    column and more than a day, so that rows have no day. After ``rows`` has been read to its end,
    ``problems`` holds every cell that could not be read, ``totals`` the file's own total rows, and
    ``sums`` those of its rows.
    """

    platform: str
    layout: str
    account: str
    currency: str
    mark: str
    timezone: str
    first: date | None
    last: date | None
    undated: bool
    scope: Scope
    header: Header
    plan: Plan
    problems: Problems = field(default_factory=Problems)
    totals: list[Total] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)

    @property
    def rows(self) -> Iterator[SpendRow]:
        """The readable rows, streamed. InvalidInput at the end if the file is half-written."""
        return _read_rows(self)

    @property
    def total(self) -> Total | None:
        """The file's own total: of all keywords, else of those that a filter left."""
        for covers in ("all", "filtered"):
            for total in self.totals:
                if total.covers == covers:
                    return total
        return None

    @property
    def total_agrees(self) -> bool | None:
        """Whether the rows add up to the total of all keywords; None if the file has no total.

        False also where the only total is that of a filtered list: rows are missing then.
        """
        total = self.total
        if total is None:
            return None
        return total.covers == "all" and self.sums.agrees(total)

    @property
    def columns(self) -> dict[str, str]:
        """Each field with the column it is read from, for a preview."""
        return {name: self.header.cells[at] for name, at in self.plan.columns.items()}

    def progress(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return self.header.view.table.progress()


def open_spend_file(
    path: Path,
    *,
    platform: str | None = None,
    mapping: Mapping[str, str] | None = None,
    day: date | None = None,
    order: Order | None = None,
    name: str = "",
) -> SpendFile:
    """Recognise a report by its content. Errors: InvalidInput that says what is wrong and to do.

    ``platform`` overrides the recognised one; ``mapping`` (field → column name) goes before the
    recognised columns; ``day`` is the day of a file that names none; ``order`` says how the file
    writes 6/10/2026; ``name`` is the original name of an upload.
    """
    mapping = mapping or {}
    check_mapping(mapping, FIELDS)
    table = open_table(path, name)
    header = find_header(table.name, table.views(), mapping)
    above = "\n".join(line_text(cells) for _, cells in header.preamble())
    layout = recognise_layout(header.cells, above)
    platform = (platform or layout.platform).strip().casefold()
    columns = spend_columns(header, mapping, platform)
    refuse_no_rows(header)
    day_column = columns.get("day", -1)
    declared, order = read_declared(header, day_column, order)
    dating = resolve_dating(header, day_column, declared, order, day)
    declared = _complete(declared, header, columns, platform)
    return SpendFile(
        platform=platform,
        layout=layout.name,
        account=declared.account,
        currency=declared.currency,
        mark=declared.mark,
        timezone=declared.timezone,
        first=dating.first,
        last=dating.last,
        undated=dating.undated,
        scope=declared.scope,
        header=header,
        plan=_plan(header, columns, dating, declared, platform),
    )


def _plan(
    header: Header, columns: dict[str, int], dating: Dating, declared: Declared, platform: str
) -> Plan:
    """How the rows are read. In a file of one device, each row is of that device."""
    devices = declared.scope.devices
    return Plan(
        columns=columns,
        titles=header.cells,
        dating=dating,
        style=_style(header, columns),
        account=declared.account,
        currency=declared.currency,
        device=devices[0] if len(devices) == 1 else "",
        decorated=platform in _DECORATING,
    )


def _complete(
    declared: Declared, header: Header, columns: Mapping[str, int], platform: str
) -> Declared:
    """What the preamble leaves open, from the file's name and its column names."""
    named = declared_by_name(header.view.table.name)
    mark = mark_of_amounts(header, columns["cost"])
    if "value" in columns:
        mark_of_amounts(header, columns["value"])
    devices = declared.scope.devices or device_of_columns(platform, header.cells)
    return replace(
        declared,
        account=declared.account or named.account,
        currency=declared.currency
        or currency_of_title(header.cells[columns["cost"]])
        or currency_of_mark(mark),
        mark=mark,
        scope=replace(declared.scope, devices=devices),
    )


def _style(header: Header, columns: Mapping[str, int]) -> Style:
    """How the file writes numbers: told by the columns that are read, else by its ratios."""
    read = {index for name, index in columns.items() if name not in TEXT_FIELDS}
    beside = {at for at, title in enumerate(header.cells) if _NUMERIC.search(title)}
    beside -= set(columns.values())
    sample = header.sample()
    try:
        return (
            learn_style(row[at] for _, row in sample for at in read if at < len(row))
            or learn_style(row[at] for _, row in sample for at in beside if at < len(row))
            or default_style(header.view.delimiter)
        )
    except CellError as error:
        raise InvalidInput(str(error), hint="Download it with one number format.") from error


def _read_rows(file: SpendFile) -> Iterator[SpendRow]:
    """One reading of the file; starts its problems, totals and sums anew."""
    file.problems.reset()
    file.totals.clear()
    sums = file.sums = Sums()
    parser = RowParser(file.plan, file.problems)
    parse = parser.parse
    for line, cells in _whole_rows(file, parser):
        try:
            row = parse(line, cells)
        except CellError:
            if clean_titles(cells) != file.header.cells:  # a header again, in joined files
                parser.explain(line, cells)
            continue
        sums.rows += 1
        sums.impressions += row.impressions
        sums.clicks += row.clicks
        sums.cost += row.cost
        yield row
    if not sums.rows and not file.problems:
        raise InvalidInput(
            f"{file.header.view.table.name} has totals but no rows.",
            hint="Check the report's period and filters, and download it again.",
        )


def _whole_rows(file: SpendFile, parser: RowParser) -> Iterator[tuple[int, list[str]]]:
    """The rows with a cell for each column; blank lines, totals and the imprint are left out."""
    width = len(file.plan.titles)
    names = [file.plan.columns.get(name, -1) for name in ("campaign", "ad_group", "keyword")]
    dimensions = [index for index in names if index >= 0]
    # A row that names all of two or more dimensions is no total; that spares it a closer look.
    shape = Shape(file.header, file.plan.columns, file.problems, is_footer, is_total)
    named = itemgetter(*dimensions) if len(dimensions) > 1 else None
    line = 0
    for line, cells in file.header.rows():
        if len(cells) != width and not shape.fits(line, cells):
            continue
        if named is None or not _BLANKS.isdisjoint(named(cells)):
            if not any(map(str.strip, cells)):
                shape.after_blank = True
                continue
            if total := parser.total(line, cells):
                file.totals.append(total)
                continue
        shape.after_blank = False
        yield line, cells
    shape.refuse_cut_off(line)
