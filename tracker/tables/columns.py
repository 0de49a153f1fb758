"""Finding the header of a table by what it says, and the column of each field.

A field has tiers of names: a name of a later tier counts only where no earlier one is present
(an account's number where there is no account name). Two columns in one tier are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tracker.errors import InvalidInput
from tracker.tables.problem import shorten
from tracker.tables.table import HEAD_ROWS, NumberedRow, View

#: The header stands within so many rows; more above it is no report.
HEADER_WITHIN = 100

Tiers = Sequence[Sequence[str]]
Names = Mapping[str, Tiers]

_SQUEEZE = re.compile(r"[\s._\-:：\"'*]+")
# NOTE: multiples of a unit are known so that their column is refused for it, not passed over.
_UNIT = re.compile(
    r"\((?:[a-z]{3}|[a-z]{0,2}[$¥￥€£₽]|[十百千万亿]*(?:元|人民币元?|美元|美金|欧元)|分|角)\)$"
)
_PARENS = str.maketrans("（）［］", "()[]")


class UnclearColumns(InvalidInput):
    """The columns of a file are not known, or not which is what: a person can say so."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: where it stands (``position`` counts rows from 0) and what it says."""

    view: View
    position: int
    line: int
    cells: tuple[str, ...]

    def preamble(self) -> list[NumberedRow]:
        """The rows above the header."""
        return list(self.view.head[: self.position])

    def sample(self) -> list[NumberedRow]:
        """The first rows below the header."""
        return list(self.view.head[self.position + 1 :])

    @property
    def is_whole(self) -> bool:
        """Whether the sample is all that stands below the header."""
        return len(self.view.head) < HEAD_ROWS

    def rows(self) -> Iterator[NumberedRow]:
        """All rows below the header."""
        rows = self.view.rows()
        for _ in range(self.position + 1):
            next(rows)
        return rows

    def titles(self) -> str:
        """The column names for a message."""
        return join_titles(self.cells)


def join_titles(titles: Sequence[str]) -> str:
    """Column names for a message, the first forty of them."""
    named = [shorten(title, 30) for title in titles if title]
    return ", ".join(named[:40] + ["…"] * (len(named) > 40))


@lru_cache(maxsize=4096)
def squeeze(title: str) -> str:
    """A column name without case, space and punctuation: ``Ad group ID`` is ``adgroupid``."""
    return _SQUEEZE.sub("", title.translate(_PARENS).strip()).casefold()


def base_title(title: str) -> str:
    """A squeezed name without a currency in parentheses: ``花费($)`` is ``花费``."""
    name = squeeze(title)
    return _UNIT.sub("", name) or name


def known_titles(names: Names) -> dict[str, str]:
    """Every squeezed name with its field."""
    return {squeeze(n): field for field, tiers in names.items() for tier in tiers for n in tier}


def find_headers(views: Sequence[View], accepts: Callable[[tuple[str, ...]], bool]) -> list[Header]:
    """The first row of each view that ``accepts`` takes for a header."""
    found: dict[int, Header] = {}
    for header in _rows_as_headers(views):
        key = id(header.view)
        if key not in found and len(header.cells) > 1 and accepts(header.cells):
            found[key] = header
    return list(found.values())


def clean_titles(cells: Sequence[str]) -> tuple[str, ...]:
    """The cells of a header without the empty ones that a trailing separator makes."""
    titles = [" ".join(cell.split()) for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    return tuple(titles)


def only_header(headers: Sequence[Header]) -> Header | None:
    """The one header, None if there is none; InvalidInput if two sheets both have one."""
    sheets = [header.view.sheet for header in headers if header.view.sheet]
    if len(sheets) > 1:
        raise InvalidInput(
            f"Several sheets hold a table: {', '.join(sheets)}.",
            hint="Keep one sheet in the workbook, or import one file for each.",
        )
    return max(headers, key=lambda header: len(header.cells), default=None)


def resolve_columns(titles: Sequence[str], names: Names) -> dict[str, int]:
    """The column index of each field that the header has. InvalidInput on two candidates."""
    indices: dict[str, int] = {}
    for field, tiers in names.items():
        for tier in tiers:
            wanted = {squeeze(name) for name in tier}
            hits = [
                index
                for index, title in enumerate(titles)
                if title and (squeeze(title) in wanted or base_title(title) in wanted)
            ]
            if len(hits) > 1:
                two = " and ".join(f"{titles[index]!r}" for index in hits)
                raise UnclearColumns(
                    f"Two columns could be the {field.replace('_', ' ')}: {two}.",
                    hint=f"Choose one with --map {field}={titles[hits[0]]}.",
                )
            if hits:
                indices[field] = hits[0]
                break
    return indices


def check_mapping(mapping: Mapping[str, str], fields: Sequence[str]) -> None:
    """InvalidInput naming the fields that exist, where a mapping names another."""
    unknown = sorted(set(mapping) - set(fields))
    if unknown:
        raise InvalidInput(
            f"Unknown field {', '.join(map(repr, unknown))} in the mapping.",
            hint=f"Allowed: {', '.join(fields)}.",
        )
    empty = sorted(field for field, title in mapping.items() if not title.strip())
    if empty:
        raise InvalidInput(
            f"The mapping gives no column for {', '.join(empty)}.", hint="Write field=column."
        )


def mapped_columns(titles: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """The column index of each mapped field. InvalidInput naming absent or doubled columns."""
    return {field: _mapped_column(titles, field, title) for field, title in mapping.items()}


def mapped_header(views: Sequence[View], mapping: Mapping[str, str]) -> Header | None:
    """The row that holds most of the mapped columns; None if no row holds any."""
    wanted = {squeeze(title) for title in mapping.values()}
    best: Header | None = None
    best_count = 0
    for header in _rows_as_headers(views):
        count = len(wanted & {squeeze(title) for title in header.cells})
        if count > best_count:
            best, best_count = header, count
    return best


def widest_row(views: Sequence[View]) -> Header | None:
    """The row with the most filled cells of the head: the likeliest header of an unknown table."""
    return max(_rows_as_headers(views), key=lambda row: sum(map(bool, row.cells)), default=None)


def _rows_as_headers(views: Sequence[View]) -> Iterator[Header]:
    for view in views:
        for position, (line, cells) in enumerate(view.head[:HEADER_WITHIN]):
            yield Header(view, position, line, clean_titles(cells))


def _mapped_column(titles: Sequence[str], field: str, title: str) -> int:
    wanted = " ".join(title.split())
    hits = [index for index, have in enumerate(titles) if have == wanted]
    hits = hits or [i for i, have in enumerate(titles) if squeeze(have) == squeeze(title)]
    if len(hits) == 1:
        return hits[0]
    message = f"There is no column {title!r} for the field {field}."
    if hits:
        message = f"There are {len(hits)} columns {title!r}; the field {field} needs one."
    raise UnclearColumns(message, hint=f"The file has: {join_titles(titles)}.")
