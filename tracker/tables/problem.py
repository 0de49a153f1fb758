"""One thing wrong with one cell or row of a file, and the list in which they are collected."""

from __future__ import annotations

import msgspec

#: So many problems are kept with their text; further ones are counted only (bounded memory).
KEPT = 10_000


class Problem(msgspec.Struct, frozen=True):
    """``line`` counts from 1; ``column`` is the header's text ("" for the row as a whole)."""

    line: int
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.message}"


class Problems(list[Problem]):
    """The first 10,000 problems of one reading; ``total`` is the number of all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self.lines = 0
        self._last_line = 0

    def add(self, line: int, column: str, value: str, message: str) -> None:
        """Count a problem, and keep it while there is room. ``lines`` counts the lines hit."""
        self.total += 1
        if line != self._last_line:
            self.lines += 1
            self._last_line = line
        if len(self) < KEPT:
            self.append(Problem(line, column, shorten(value), shorten(message, 400)))

    def reset(self) -> None:
        """Forget everything: the file is read again from its start."""
        self.clear()
        self.total = self.lines = self._last_line = 0


class CellError(ValueError):
    """A cell that does not say what its column needs; the text is a message for people."""


def shorten(text: str, limit: int = 60) -> str:
    """A cell as it can be shown in a message: one line, at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def quoted(cell: str) -> str:
    """A cell in quotation marks for a message, cut where it is long."""
    return repr(shorten(cell))
