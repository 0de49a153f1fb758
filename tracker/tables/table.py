"""A downloaded file as one or more candidate tables: a view for each delimiter or each sheet.

Nobody knows where the header of a report stands, so a view shows its head (the first rows) and
can then be read from any position, as often as wanted, in bounded memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from tracker.errors import InvalidInput
from tracker.tables.container import (
    ARCHIVE_ERRORS,
    HALF_WRITTEN,
    ZIP_MAGIC,
    Container,
    open_container,
)
from tracker.tables.encoding import detect_encoding
from tracker.tables.workbook import open_workbook, sheet_names, sheet_rows

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

#: So many rows are looked at to find the header and to learn how the file writes its numbers.
HEAD_ROWS = 400
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}
SHEETS = 20

#: A row with its line (text: the physical line on which it begins; workbook: the row number).
NumberedRow = tuple[int, list[str]]

_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_PDF = b"%PDF"


@dataclass(frozen=True, slots=True)
class View:
    """One way to read the file: by a ``delimiter``, or a ``sheet`` of a workbook."""

    table: Table
    delimiter: str = ""
    sheet: str = ""
    head: tuple[NumberedRow, ...] = ()

    def rows(self) -> Iterator[NumberedRow]:
        """All rows from the first one on; InvalidInput where the file is cut or damaged."""
        if self.sheet:
            return self.table.sheet(self.sheet)
        return self.table.text_rows(self.delimiter)


class Table:
    """A file on disk. ``encoding`` is "" for a workbook; ``progress()`` runs from 0 to 1."""

    def __init__(self, container: Container, first: bytes) -> None:
        self.container = container
        self.name = container.name
        self.is_workbook = first.startswith(ZIP_MAGIC)
        self._size = container.path.stat().st_size
        self._position = 0
        #: Whether the text, read to its end, ended without a line break.
        self.cut_off = False
        self.encoding = ""
        if not self.is_workbook:
            _refuse_foreign(self.name, first)
            self.encoding = detect_encoding(self.name, container.chunks())

    def progress(self) -> float:
        """How much of the file on disk has been read by now."""
        return min(1.0, self._position / self._size) if self._size else 1.0

    def views(self) -> list[View]:
        """Each candidate reading with its head."""
        if not self.is_workbook:
            return [View(self, delimiter, head=self._head(delimiter)) for delimiter in DELIMITERS]
        with self._workbook() as book:
            return [
                View(self, sheet=title, head=tuple(islice(sheet_rows(book, title), HEAD_ROWS)))
                for title in sheet_names(book)[:SHEETS]
            ]

    def _head(self, delimiter: str) -> tuple[NumberedRow, ...]:
        with closing(self.text_rows(delimiter)) as rows:
            return tuple(islice(rows, HEAD_ROWS))

    def text_rows(self, delimiter: str) -> Generator[NumberedRow, None, None]:
        """The records of a text file; a quoted cell that is never closed is a half-written file."""
        try:
            with self.container.open() as (stream, raw):
                text = io.TextIOWrapper(stream, encoding=self.encoding, newline="")
                lines = _Lines(text)
                number = 0
                for number, row in _records(lines, delimiter):
                    if not number & 0x3FF:
                        self._position = raw.tell()
                    yield number, row
                lines.refuse_open_quote(self.name, delimiter, number)
                self.cut_off = not lines.last.endswith(("\n", "\r"))
                self._position = self._size
        except csv.Error as error:
            raise InvalidInput(
                f"{self.name} is not a {DELIMITERS[delimiter]}-separated table ({error}).",
                hint="Export csv, tsv or xlsx again.",
            ) from error
        except ARCHIVE_ERRORS as error:
            raise InvalidInput(f"{self.name} changed while it was read.", hint="Try again.") from (
                error
            )

    def sheet(self, title: str) -> Iterator[NumberedRow]:
        """The rows of one sheet."""
        with self._workbook() as book:
            yield from sheet_rows(book, title)
            self._position = self._size

    @contextmanager
    def _workbook(self) -> Iterator[Workbook]:
        with self._workbook_stream() as stream, open_workbook(self.name, stream) as book:
            yield book

    @contextmanager
    def _workbook_stream(self) -> Iterator[BinaryIO]:
        """The workbook's bytes with random access: the file itself, or unpacked into memory."""
        if self.container.wrapping == "plain":
            with self.container.path.open("rb") as raw:
                yield raw
        else:
            yield self.container.workbook_bytes()


def open_table(path: Path, name: str = "") -> Table:
    """Open a csv, tsv or xlsx file, packed or not. Errors: InvalidInput with what it is instead.

    ``name`` is the name to show, and to read account and period from, where ``path`` is a
    temporary copy of an upload.
    """
    container, first = open_container(path, name)
    return Table(container, first)


class _Lines:
    """The physical lines of a text file, remembering the last one."""

    def __init__(self, text: TextIO) -> None:
        self.text = text
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        for line in self.text:
            self.last = line
            yield line

    def refuse_open_quote(self, name: str, delimiter: str, line: int) -> None:
        """InvalidInput if the file ends inside a quoted cell of the record that began at ``line``.

        The lenient reader that the rows come from cannot tell; the strict one says so.
        """
        if not self.last:
            return
        try:
            for _ in csv.reader([self.last], delimiter=delimiter, strict=True):
                pass
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise InvalidInput(
                    f"{name} ends inside a quoted cell (line {line}): it is half-written.",
                    hint=HALF_WRITTEN,
                ) from error


def _records(lines: _Lines, delimiter: str) -> Iterator[NumberedRow]:
    reader = csv.reader(lines, delimiter=delimiter)
    line = 1
    for row in reader:
        yield line, row
        line = reader.line_num + 1


def _refuse_foreign(name: str, first: bytes) -> None:
    """Name the formats that people rename to .csv or .xls, with what to do instead."""
    start = first[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if first.startswith(_OLD_EXCEL):
        raise InvalidInput(
            f"{name} is an old Excel file (.xls) or has a password.", hint="Save it as .xlsx."
        )
    if start.startswith(_MARKUP):
        raise InvalidInput(
            f"{name} is a web page, not a table: the log-in had perhaps expired.",
            hint="Download the report again, as csv or xlsx.",
        )
    if first.startswith(_PDF):
        raise InvalidInput(f"{name} is a PDF.", hint="Download the report as csv or xlsx.")
