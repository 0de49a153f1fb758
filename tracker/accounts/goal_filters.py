"""Conditions of a goal on the properties of its event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, cast, get_args

import msgspec

from tracker.errors import InvalidInput
from tracker.money import parse_amount

#: How a filter compares a property of the event; the last two compare numbers.
Operator = Literal["is", "is_not", "contains", "at_least", "at_most"]
MAX_FILTERS = 10

_SIGNS: dict[str, Operator] = {
    "!=": "is_not",
    ">=": "at_least",
    "<=": "at_most",
    "~": "contains",
    "=": "is",
}
_FILTER = re.compile(r"\s*([^=~<>!]+?)\s*(!=|>=|<=|~|=)(.*)", re.DOTALL)


class GoalFilter(msgspec.Struct, frozen=True):
    """A condition on a property of the event: ``op`` is one of ``Operator``."""

    name: str
    op: str
    value: str


def read_filter(text: str) -> GoalFilter:
    """``product=IS-80``, and ``!=``, ``~`` (contains), ``>=``, ``<=`` likewise; InvalidInput."""
    found = _FILTER.fullmatch(text)
    if found is None:
        raise InvalidInput(
            f"Not a filter: {text!r}.", hint="Write property=value; also !=, ~, >= and <=."
        )
    return GoalFilter(found[1], _SIGNS[found[2]], found[3].strip())


def filter_text(one: GoalFilter) -> str:
    """A filter as ``read_filter`` reads it."""
    signs = {op: sign for sign, op in _SIGNS.items()}
    return f"{one.name}{signs[cast(Operator, one.op)]}{one.value}"


def checked_filters(filters: Iterable[GoalFilter]) -> tuple[GoalFilter, ...]:
    """The filters as they are stored; InvalidInput."""
    checked = tuple(_checked_filter(one) for one in filters)
    if len(checked) > MAX_FILTERS:
        raise InvalidInput(f"{len(checked)} filters; at most {MAX_FILTERS} are allowed.")
    return checked


def _checked_filter(one: GoalFilter) -> GoalFilter:
    name, value = one.name.strip(), one.value.strip()
    if not name or len(name) > 100 or len(value) > 500 or "\0" in name + value:
        raise InvalidInput(
            f"A filter of a goal names no property or is too long: {one.name!r}.",
            hint="Write a property of the event and a value of at most 500 characters.",
        )
    if one.op not in get_args(Operator):
        raise InvalidInput(
            f"Unknown comparison {one.op!r}.", hint="Use " + ", ".join(get_args(Operator)) + "."
        )
    if one.op in ("at_least", "at_most"):
        parse_amount(value)
    return GoalFilter(name, one.op, value)
