"""How far a command has come."""

from __future__ import annotations

from collections.abc import Callable

#: Called with how much is done, and how much is expected where that is known.
Progress = Callable[[int, int | None], None]


def silent(_: int, __: int | None = None) -> None:
    """A progress that nobody watches."""
