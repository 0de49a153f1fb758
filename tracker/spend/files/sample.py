"""An unknown table as a person sees it who has to say which column is what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker.spend.files.fields import NAMES
from tracker.tables.columns import (
    HEADER_WITHIN,
    base_title,
    clean_titles,
    known_titles,
    squeeze,
    widest_row,
)
from tracker.tables.problem import shorten
from tracker.tables.table import View, open_table

#: Rows and columns of a sample, and the length of a cell.
ROWS = 5
COLUMNS = 60
CELL = 40


@dataclass(frozen=True, slots=True)
class Sample:
    """The likeliest header of a file, the rows below it, and the fields that its names suggest."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    guesses: dict[str, str]


def sample_of(path: Path, name: str = "") -> Sample | None:
    """The sample of a file; None if it has no row of several cells. InvalidInput as for imports."""
    header = widest_row(open_table(path, name).views())
    if header is None or len(header.cells) < 2:
        return None
    titles = header.cells[:COLUMNS]
    rows = tuple(
        tuple(shorten(cell, CELL) for cell in cells[: len(titles)])
        for _, cells in header.sample()[:ROWS]
    )
    return Sample(titles, rows, _guesses(titles))


def fingerprints(path: Path, name: str = "") -> Iterator[str]:
    """The fingerprints of every row that could be the file's header."""
    for view in open_table(path, name).views():
        yield from _of_view(view)


def fingerprint(titles: Sequence[str]) -> str:
    """What tells a layout from others: its column names in their order, spelling aside."""
    text = "\x1f".join(squeeze(title) for title in titles)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_view(view: View) -> Iterator[str]:
    for _, cells in view.head[:HEADER_WITHIN]:
        titles = clean_titles(cells)
        if len(titles) > 1:
            yield fingerprint(titles)


def _guesses(titles: Sequence[str]) -> dict[str, str]:
    known = known_titles(NAMES)
    found: dict[str, str] = {}
    for title in titles:
        field = known.get(squeeze(title)) or known.get(base_title(title))
        if field and title:
            found.setdefault(field, title)
    return found
