"""Data-driven credit: removal effects of groups of sources, dealt out to their sources and days.

The credit of a group is the number of conversions (their value) times its share of the sum of
all removal effects. Within a group it is dealt in proportion to linear credit, so that a source
or a day has part in it as often as it had part in the paths. A group whose sources were on paths
alone that came to nothing may have an effect, too, as it led to others: its sources have equal
parts, on the last of the days. Value follows what a keyword brought on the whole, less what was
given back of it. Where no group has any effect, as in a period of refunds alone, credit stays
linear. Weights are integers of 1e-9, amounts of 1e-6, by largest remainder: both sum
exactly to those of the conversions. Gains that conversions have of their own are dealt in the
shares in which value is, whoever brought them: of touched conversions every source has the same
contribution for its revenue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from tracker.attribution.chain import Paths
from tracker.attribution.grouping import Group
from tracker.attribution.journeys import Cell, Journey
from tracker.attribution.markov import Effects, credits_of, removal_effects, split

UNIT = 10**9
#: What is dealt out by the effects on conversions, and by those on their value.
_COUNTED = ("weight", "valid_weight", "invalid_weight")
_EARNED = ("amount", "own_amount", "own_gain")


def data_driven(
    cells: Iterable[Cell],
    journeys: Sequence[Journey],
    groups: Mapping[int, Group],
    order: int,
    last: date,
    keywords: Mapping[int, int],
) -> list[Cell]:
    """The cells of linear credit with data-driven weights and amounts, and those of sources that
    have no linear credit, on the day ``last``.

    ``journeys`` are those of the same conversions. Conversions without a touch keep their credit.
    ``keywords`` says to which keyword a source belongs, 0 for none.
    """
    by_group: dict[Group, list[Cell]] = defaultdict(list)
    kept: list[Cell] = []
    for cell in cells:
        if cell.source_key in groups:
            by_group[groups[cell.source_key]].append(cell)
        else:
            kept.append(cell)
    credited = frozenset(by_group)
    for key in sorted({key for journey in journeys for key in journey.path}):
        if key in groups and groups[key] not in credited:
            by_group[groups[key]].append(Cell(key, last, 0, 0, 0))
    channels = list(by_group)
    effects = effects_of(journeys, groups, channels, order)
    linear = [cell for group in channels for cell in by_group[group]]
    dealt = {
        name: credits_of(sum(getattr(cell, name) for cell in linear), effect)
        for names, effect in ((_COUNTED, effects.conversion), (_EARNED, effects.value))
        if any(effect)
        for name in names
    }
    for place, group in enumerate(channels):
        of_group = {name: parts[place] for name, parts in dealt.items()}
        kept += _dealt(by_group[group], of_group, keywords)
    return kept


def effects_of(
    journeys: Sequence[Journey], groups: Mapping[int, Group], channels: Sequence[Group], order: int
) -> Effects:
    """The removal effect of each group of ``channels``, which are those of the paths and others."""
    numbers = {group: number for number, group in enumerate(channels)}
    merged: dict[tuple[int, ...], list[int]] = {}
    for journey in journeys:
        path = tuple(numbers[groups[key]] for key in journey.path if key in groups)
        if path:
            sums = merged.setdefault(path, [0, 0, 0, 0])
            sums[0] += journey.conversions
            sums[1] += journey.value
            sums[2] += journey.nulls
            sums[3] += journey.earning
    conversions, values, nulls, earning = (
        zip(*merged.values(), strict=True) if merged else ((),) * 4
    )
    paths = Paths(list(merged), conversions, values, nulls)
    effects = removal_effects(paths, len(numbers), order)
    of_value = effects
    if any(earned > counted for earned, counted in zip(earning, conversions, strict=True)):
        # The order of a lead whose inquiry was before the period is no conversion of it, and yet
        # came by its path: a chain that nobody goes that way would have nothing of its value.
        passing = replace(paths, conversions=list(map(max, earning, conversions)))
        of_value = removal_effects(passing, len(numbers), order)
    return Effects(effects.probability, effects.conversion, of_value.value)


def _dealt(
    cells: Sequence[Cell], parts: Mapping[str, int], keywords: Mapping[int, int]
) -> list[Cell]:
    # Of conversions that earn and do not count (an order of a lead) there is an amount alone.
    shares = _any_of([cell.weight for cell in cells], [1] * len(cells))
    by_keyword: dict[int, list[int]] = defaultdict(list)
    for place, cell in enumerate(cells):
        by_keyword[keywords.get(cell.source_key) or cell.source_key].append(place)
    columns: dict[str, Any] = {
        name: split(part, _any_of([getattr(cell, name) for cell in cells], shares))
        if name in _COUNTED
        else _split_value(part, cells, shares, by_keyword.values())
        for name, part in parts.items()
    }
    return [
        replace(cell, **{name: column[place] for name, column in columns.items()})
        for place, cell in enumerate(cells)
    ]


def _split_value(
    total: int, cells: Sequence[Cell], shares: Sequence[int], by_keyword: Collection[Sequence[int]]
) -> list[int]:
    """``total`` over keywords (the places of their cells) by what each brought on the whole, then
    over the cells of each: what is given back, on a day of its own or by another source, is taken
    off the keyword that had brought it, and off no other."""
    worth = [max(sum(cells[at].amount for at in places), 0) for places in by_keyword]
    basis = _any_of(worth, [sum(shares[at] for at in places) for places in by_keyword])
    dealt = [0] * len(cells)
    for places, part in zip(by_keyword, split(total, basis), strict=True):
        if part:
            gains = [max(cells[at].amount, 0) for at in places]
            parts = split(part, _any_of(gains, [shares[at] for at in places]))
            for at, one in zip(places, parts, strict=True):
                dealt[at] = one
    return dealt


def _any_of(shares: list[int], other: list[int]) -> list[int]:
    return shares if any(shares) else other
