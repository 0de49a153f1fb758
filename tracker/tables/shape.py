"""Rows with fewer or more cells than the header, blank lines, and files that end inside a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tracker.errors import InvalidInput
from tracker.tables.columns import Header
from tracker.tables.container import HALF_WRITTEN
from tracker.tables.problem import Problems


def _never(_: str) -> bool:
    return False


class Shape:
    """Makes rows as wide as the header, or says why it cannot.

    A line with one filled cell is passed over after a blank line or where ``is_note`` knows it; a
    short row is no problem where ``is_label`` knows its first filled cell (a total).
    """

    def __init__(
        self,
        header: Header,
        columns: Mapping[str, int],
        problems: Problems,
        is_note: Callable[[str], bool] = _never,
        is_label: Callable[[str], bool] = _never,
    ) -> None:
        self.table = header.view.table
        self.problems = problems
        self.width = len(header.cells)
        self.needed = max(columns.values()) + 1
        self.is_note, self.is_label = is_note, is_label
        self.after_blank = False
        self.short_line = self.broken_line = -1

    def fits(self, line: int, cells: list[str]) -> bool:
        """Whether a row can be read; it is then as wide as the header. Adds a problem if not."""
        filled = [cell for cell in cells if cell.strip()]
        if not filled or (len(filled) == 1 and (self.after_blank or self.is_note(filled[0]))):
            self.after_blank = True
            return False
        if len(cells) < self.width and not self.table.is_workbook:
            self.short_line = line
            if len(cells) < self.needed and not self.is_label(filled[0]):
                self.broken_line = line
                return self._refuse(line, cells)
        if any(map(str.strip, cells[self.width :])):
            return self._refuse(line, cells)
        cells.extend([""] * (self.width - len(cells)))
        return True

    def refuse_cut_off(self, last_line: int) -> None:
        """InvalidInput where the last row is not whole: the rest of the file is missing too."""
        short = self.short_line == last_line and self.table.cut_off
        if short or self.broken_line == last_line:
            raise InvalidInput(
                f"{self.table.name} ends inside a row (line {last_line}): it is half-written.",
                hint=HALF_WRITTEN,
            )

    def _refuse(self, line: int, cells: list[str]) -> bool:
        message = f"The row has {len(cells)} cells, the header has {self.width}."
        self.problems.add(line, "", " | ".join(cells), message)
        return False


def whole_rows(
    header: Header, columns: Mapping[str, int], problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """All rows below a header that are not blank, each as wide as the header."""
    shape = Shape(header, columns, problems)
    line = 0
    for line, cells in header.rows():
        if shape.fits(line, cells):
            shape.after_blank = False
            yield line, cells
    shape.refuse_cut_off(line)


def refuse_no_rows(header: Header) -> None:
    """InvalidInput where nothing stands below the header."""
    if not any(any(map(str.strip, cells)) for _, cells in header.sample()) and header.is_whole:
        raise InvalidInput(
            f"{header.view.table.name} has a header (line {header.line}) but no rows.",
            hint="Check the period and the filters of the export, and download it again.",
        )
