"""Reports as files: CSV and workbooks for people, JSON lines for programs.

Rows are written one by one; nothing in them can run. A workbook says of each text that it is text,
and CSV has an apostrophe before one that a spreadsheet could take for a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from tempfile import TemporaryFile

import msgspec
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from starlette.responses import Response, StreamingResponse

from tracker.errors import InvalidInput
from tracker.reports.breakdown import Breakdown
from tracker.reports.result import KeywordReport
from tracker.web.spreadsheet import (
    NAMES,
    figure_names,
    figure_values,
    keyword_fields,
    keyword_figures,
    safe_text,
)

FORMATS = ("json", "csv", "xlsx", "jsonl")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: A sheet of Excel has no more rows; a cell no more characters.
SHEET_ROWS = 1_048_576
CELL = 32_767
_CHUNK = 64 * 1024

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: the first ``texts`` columns are texts from outside, the others figures of ours."""

    title: str
    header: Sequence[str]
    texts: int
    rows: Iterable[Sequence[Value]]


def keyword_sheet(report: KeywordReport) -> Sheet:
    """The rows of the keyword report, columns as in its JSON."""
    rows = (
        [*(getattr(row, name) for name in NAMES), *keyword_figures(row, row.previous)]
        for row in report.rows
    )
    title = f"keywords-{report.site}-{report.first}-{report.last}"
    return Sheet(title, keyword_fields(report), len(NAMES), rows)


def breakdown_sheet(report: Breakdown) -> Sheet:
    """The rows of a breakdown; ``unallocated`` names dimensions that a row is not known by."""
    figures = tuple(report.totals)
    names = figure_names(figures, compared=report.previous is not None)
    rows = (
        [
            *row.values.values(),
            " ".join(row.unallocated),
            *figure_values(figures, row.metrics, row.previous),
        ]
        for row in report.rows
    )
    title = f"breakdown-{report.site}-{report.first}-{report.last}"
    return Sheet(title, (*report.group, "unallocated", *names), len(report.group) + 1, rows)


def file_response(
    wanted: str, report: KeywordReport | Breakdown, make: Callable[[], Sheet]
) -> Response:
    """The report as a download in one of FORMATS but JSON; blocking, for a worker thread."""
    sheet = make()
    name = {"Content-Disposition": f'attachment; filename="{sheet.title}.{wanted}"'}
    if wanted == "csv":
        return StreamingResponse(
            csv_lines(sheet), media_type="text/csv; charset=utf-8", headers=name
        )
    if wanted == "xlsx":
        return StreamingResponse(workbook(sheet), media_type=XLSX, headers=name)
    return StreamingResponse(json_lines(report), media_type="application/x-ndjson", headers=name)


def csv_lines(sheet: Sheet) -> Iterator[bytes]:
    """UTF-8 with a byte-order mark, which Excel needs for Chinese; lines end with CRLF."""
    yield b"\xef\xbb\xbf" + _csv_line(sheet.header)
    for row in sheet.rows:
        texts = [safe_text(str(value or "")) for value in row[: sheet.texts]]
        yield _csv_line([*texts, *("" if value is None else value for value in row[sheet.texts :])])


def json_lines(report: KeywordReport | Breakdown) -> Iterator[bytes]:
    """One row a line, each as in the JSON report."""
    for row in report.rows:
        yield msgspec.json.encode(row) + b"\n"


def workbook(sheet: Sheet) -> Iterator[bytes]:
    """A workbook of one sheet; amounts are numbers. InvalidInput for more rows than Excel has."""
    book = Workbook(write_only=True)
    page = book.create_sheet("report")

    def text(value: object) -> Cell:
        # NOTE: openpyxl takes "=…" for a formula unless it is told that the cell is a string.
        clean = ILLEGAL_CHARACTERS_RE.sub("", str(value or ""))[:CELL]
        cell = WriteOnlyCell(page, clean)
        cell.data_type = "s"
        return cell

    page.append([text(name) for name in sheet.header])
    for number, row in enumerate(sheet.rows, 2):
        if number > SHEET_ROWS:
            raise InvalidInput(
                f"A workbook holds at most {SHEET_ROWS} rows.", hint="Use format=csv or jsonl."
            )
        texts = [text(value) for value in row[: sheet.texts]]
        page.append([*texts, *(_number(value) for value in row[sheet.texts :])])
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _number(value: Value) -> Decimal | int | float | None:
    return Decimal(value) if isinstance(value, str) else value


def _csv_line(cells: Sequence[object]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()
