"""The rule models of attribution, written plainly: what the SQL must agree with to the last digit.

A path is a list of touches in order of time; weights are integers of 1e-9, amounts of 1e-6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

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


Path = tuple[tuple[str, ...], int, float, int]


def heuristics(paths: Sequence[Path]) -> dict[str, dict[str, float]]:
    """First, last and linear credit of channels; linear is per occurrence."""
    found: dict[str, dict[str, float]] = {"first": {}, "last": {}, "linear": {}}
    for path, conversions, _, _ in paths:
        _add(found["first"], path[0], conversions)
        _add(found["last"], path[-1], conversions)
        for channel in path:
            _add(found["linear"], channel, conversions / len(path))
    return found


def removal_effects(paths: Sequence[Path], order: int) -> tuple[float, dict[str, float]]:
    """P(conversion) and each channel's removal effect, by following the chain until next to
    nothing is left in it."""
    moves: dict[State, dict[State, float]] = {}
    for path, conversions, _, nulls in paths:
        states: list[State] = [()]
        states += [path[max(0, place + 1 - order) : place + 1] for place in range(len(path))]
        for before, after in pairwise(states):
            if before != after:
                _add(moves.setdefault(before, {}), after, conversions + nulls)
        _add(moves.setdefault(states[-1], {}), WON, conversions)
        _add(moves.setdefault(states[-1], {}), LOST, nulls)
    whole = _converts(moves, None)
    channels = sorted({channel for path, _, _, _ in paths for channel in path})
    return whole, {name: 1 - _converts(moves, name) / whole for name in channels}


State = tuple[str, ...]
#: Longer than any path: no state is called so.
WON, LOST = ("won",) * 9, ("lost",) * 9


def _converts(moves: dict[State, dict[State, float]], removed: str | None) -> float:
    """P(conversion) from the start without one channel."""
    totals = {state: sum(after.values()) for state, after in moves.items()}
    there: dict[State, float] = {(): 1.0}
    won = 0.0
    while sum(there.values()) > 1e-11:
        following: dict[State, float] = {}
        for state, chance in there.items():
            for after, count in moves[state].items():
                part = chance * count / totals[state]
                if after == WON:
                    won += part
                elif after != LOST and removed not in after:
                    _add(following, after, part)
        there = following
    return won


def _add(sums: dict[Any, float], name: object, more: float) -> None:
    sums[name] = sums.get(name, 0.0) + more
