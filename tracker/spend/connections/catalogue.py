"""The table of kinds: everything that can be connected, by the name that connections store."""

from __future__ import annotations

from typing import Final

from tracker.errors import InvalidInput
from tracker.spend.connections.kinds import Kind
from tracker.spend.connections.platforms import platform_kinds
from tracker.spend.sources.catalogue import source_kinds

KINDS: Final[dict[str, Kind]] = {**platform_kinds(), **source_kinds()}


def kind_of(name: str) -> Kind:
    """The kind of that name, or InvalidInput."""
    try:
        return KINDS[name]
    except KeyError:
        raise InvalidInput(
            f"Nothing can be connected as {name!r}.", hint="Allowed: " + ", ".join(KINDS) + "."
        ) from None
