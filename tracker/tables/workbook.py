"""xlsx sheets as rows of text cells, streamed.

A number cell is written the way that a person would type it, with at most 15 significant digits,
which is all that Excel keeps.
"""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast
from xml.etree.ElementTree import ParseError

from tracker.errors import InvalidInput, TooLarge
from tracker.tables.container import HALF_WRITTEN

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

#: Excel stores 15 significant digits; a longer whole number has lost its last ones.
EXACT = 10**15
#: Excel's own limit; a damaged row number would otherwise give endless empty rows.
MOST_ROWS = 1_048_576
#: Texts of a workbook are held in memory.
SHARED_TEXT_LIMIT = 512 * 1024**2

#: What openpyxl and the XML parser raise on a damaged or hostile workbook, beside
#: openpyxl's InvalidFileException.
WORKBOOK_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    EOFError,
    OSError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)


@contextmanager
def open_workbook(name: str, stream: BinaryIO) -> Iterator[Workbook]:
    """A read-only workbook that is closed at the end; damage anywhere gives InvalidInput."""
    # Here, because it takes a fifth of a second (it looks for numpy), and most commands read none.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    book: Workbook | None = None
    try:
        _bound_shared_texts(name, stream)
        # NOTE: openpyxl warns about styles and extensions that do not matter for the values.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        yield book
    except InvalidInput:
        raise
    except (InvalidFileException, *WORKBOOK_ERRORS) as error:
        raise InvalidInput(
            f"{name} is not a readable xlsx workbook: damaged, half-written, or with a password.",
            hint=HALF_WRITTEN,
        ) from error
    finally:
        if book is not None:
            book.close()


def sheet_names(book: Workbook) -> list[str]:
    """The names of the sheets with cells (charts have none), in the workbook's order."""
    return [sheet.title for sheet in book.worksheets]


def sheet_rows(book: Workbook, title: str) -> Iterator[tuple[int, list[str]]]:
    """Each row of a sheet with its row number."""
    sheet = book[title]
    # NOTE: some exporters declare the sheet's size as one cell; openpyxl would stop there.
    cast("ReadOnlyWorksheet", sheet).reset_dimensions()
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MOST_ROWS:
            raise InvalidInput(f"The sheet {title} has more rows than Excel allows.")
        yield number, [value if type(value) is str else cell_text(value) for value in values]


def cell_text(value: object) -> str:
    """A cell's value as text: dates ISO, numbers plain, long whole numbers as ``1.23E+17``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value) if abs(value) < EXACT else f"{value:.14E}"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, dt.datetime):
        if value.time() == dt.time.min:
            return value.date().isoformat()
        return value.isoformat(" ", "seconds")
    return str(value)


def _float_text(value: float) -> str:
    if value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    text = f"{value:.15g}"
    if "e" in text and abs(value) < 1:
        return f"{value:.20f}".rstrip("0")
    return text.upper()


def _bound_shared_texts(name: str, stream: BinaryIO) -> None:
    with zipfile.ZipFile(stream) as archive:
        texts = [i.file_size for i in archive.infolist() if i.filename.endswith("Strings.xml")]
    stream.seek(0)
    if sum(texts) > SHARED_TEXT_LIMIT:
        raise TooLarge(f"{name} has too much text for a workbook.", hint="Export csv instead.")
