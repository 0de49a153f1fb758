"""The part of an account's day that a slice of spend stands for, and how two parts relate.

A slice is (account, day, scope). All slices of a day are added up, so two scopes of one day must
not overlap: the importer asks here before it publishes one beside another.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from tracker.spend.files.rows import Scope

#: The scope of a slice that holds everything of the account's day.
EVERYTHING = ""
_RESERVED = {sign: quote(sign) for sign in "%;=,"}


def scope_text(scope: Scope) -> str:
    """The scope as the ``scope`` columns store it: ``device=mobile;network=…``, "" for all.

    Equal scopes give equal texts, whatever the order in which a file names their parts.
    """
    parts = (("device", scope.devices), ("network", scope.networks), ("filter", scope.filters))
    return ";".join(f"{name}={_joined(values)}" for name, values in parts if values)


def parse_scope(text: str) -> Scope:
    """The scope of such a text."""
    parts = dict(part.split("=", 1) for part in text.split(";") if part)
    return Scope(*(_split(parts.get(name, "")) for name in ("device", "network", "filter")))


def holds(wide: Scope, narrow: Scope) -> bool:
    """Whether every row of ``narrow`` is surely a row of ``wide`` too."""
    return (
        _within(narrow.devices, wide.devices)
        and _within(narrow.networks, wide.networks)
        and (not wide.filters or set(wide.filters) == set(narrow.filters))
    )


def apart(one: Scope, other: Scope) -> bool:
    """Whether no row can be of both: other devices or other networks. Filters tell nothing."""
    return _exclude(one.devices, other.devices) or _exclude(one.networks, other.networks)


def _joined(values: Iterable[str]) -> str:
    return ",".join(
        "".join(_RESERVED.get(sign, sign) for sign in value) for value in sorted(set(values))
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(unquote(value) for value in text.split(",") if value)


def _within(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _exclude(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return bool(one) and bool(other) and not set(one) & set(other)
