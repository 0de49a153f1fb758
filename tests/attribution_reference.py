"""The rule models of attribution, written plainly: what the SQL must agree with to the last digit.

A path is a list of touches in order of time; weights are integers of 1e-9, amounts of 1e-6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

UNIT = 10**9
HALF_LIFE_MS = 7 * 86_400_000


@dataclass(frozen=True)
class Touch:
    """A visit that may have earned the conversion; ``age`` in ms before the end of the path."""

    age: int
    direct: bool
    paid: bool


def weights(model: str, path: Sequence[Touch]) -> list[int]:
    """The weight of each touch; they sum to ``UNIT``."""
    n = len(path)
    if model in ("first", "last", "last_non_direct", "last_paid"):
        chosen = _single(model, path)
        return [UNIT if place == chosen else 0 for place in range(n)]
    return largest_remainder(_shares(model, path), UNIT)


def largest_remainder(shares: Sequence[Fraction], total: int) -> list[int]:
    """Integers that sum to ``total`` in the proportion of ``shares``; ties to the earlier one."""
    whole = sum(shares)
    exact = [share * total / whole for share in shares]
    parts = [int(value) for value in exact]
    neediest = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    for place in neediest[: total - sum(parts)]:
        parts[place] += 1
    return parts


def amounts(value: int, path_weights: Sequence[int]) -> list[int]:
    """A value in millionths, split by weight; a refund is split like a payment."""
    split = largest_remainder([Fraction(weight) for weight in path_weights], abs(value))
    return [part if value >= 0 else -part for part in split]


def _single(model: str, path: Sequence[Touch]) -> int:
    last = len(path) - 1
    non_direct = max((p for p, touch in enumerate(path) if not touch.direct), default=last)
    if model == "last_paid":
        return max((p for p, touch in enumerate(path) if touch.paid), default=non_direct)
    return {"first": 0, "last": last, "last_non_direct": non_direct}[model]


def _shares(model: str, path: Sequence[Touch]) -> list[Fraction]:
    n = len(path)
    if model == "linear":
        return [Fraction(1)] * n
    if model == "time_decay":
        return [Fraction(2 ** (-touch.age / HALF_LIFE_MS)) for touch in path]
    if n <= 2:
        return [Fraction(1)] * n
    middle = Fraction(1, 5) / (n - 2)
    return [Fraction(2, 5), *([middle] * (n - 2)), Fraction(2, 5)]
