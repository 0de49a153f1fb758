"""Where the rows of a page lie among all rows, and the addresses of the neighbouring pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paging:
    """Which rows are shown, 0 for none, and the addresses of the neighbouring pages (empty: none).
    ``is_past``: there are rows, and all of them are before this page, as of a kept address."""

    first: int
    last: int
    count: int
    earlier: str
    later: str
    is_past: bool


def paging_of(
    *, count: int, shown: int, size: int, offset: int, address: Callable[[int], str]
) -> Paging:
    """The place of ``shown`` rows from ``offset`` on; ``address`` is that of another offset."""
    last_page = max(0, (count - 1) // size * size)
    return Paging(
        first=offset + 1 if shown else 0,
        last=offset + shown if shown else 0,
        count=count,
        earlier=address(max(0, min(offset - size, last_page))) if offset else "",
        later=address(offset + size) if offset + shown < count else "",
        is_past=count > 0 and not shown,
    )


def page_before(page: int, count: int, size: int) -> int:
    """The number of the nearest page before this one that has rows; 0 for none."""
    return min(page - 1, -(-count // size))
