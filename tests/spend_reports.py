"""Reports for the tests of spend files: the payloads, other forms of them, and small tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl

from tracker.spend.files.reader import SpendFile, open_spend_file
from tracker.spend.files.rows import SpendRow

PAYLOADS = Path(__file__).parent / "payloads"

#: A plain header that any layout test can use; the platform is not told by it.
HEADER = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost"


def read(
    path: Path, mapping: Mapping[str, str] | None = None, **options: Any
) -> tuple[SpendFile, list[SpendRow]]:
    """A report opened and read to its end."""
    file = open_spend_file(path, mapping=mapping, **options)
    return file, list(file.rows)


def write(directory: Path, text: str, name: str = "report.csv") -> Path:
    """A text file with exactly these characters, in UTF-8."""
    path = directory / name
    path.write_bytes(text.encode())
    return path


def as_workbook(source: Path, target: Path) -> None:
    """The rows of a text report as the text cells of a workbook's only sheet."""
    delimiter = "\t" if source.suffix == ".tsv" else ","
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    with source.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 1):
            for column, cell in enumerate(row, 1):
                # A text cell, even where it begins with "=".
                sheet.cell(number, column, cell).data_type = "s"
    book.save(target)
