"""Data-driven credit: removal effects of groups of sources, dealt out to their sources and days.

The credit of a group is the number of conversions (their value) times its share of the sum of
all removal effects. Within a group it is dealt in proportion to linear credit, so that a source
or a day has part in it as often as it had part in the paths. Weights are integers of 1e-9,
amounts of 1e-6, by largest remainder: both sum exactly to those of the conversions. Gains that
conversions have of their own are dealt in the shares in which value is, whoever brought them: of
touched conversions every source has the same contribution for its revenue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tracker.attribution.chain import Paths
from tracker.attribution.grouping import Group
from tracker.attribution.journeys import Cell, Journey
from tracker.attribution.markov import Effects, credits_of, removal_effects, split

UNIT = 10**9


def data_driven(
    cells: Iterable[Cell], journeys: Sequence[Journey], groups: Mapping[int, Group], order: int
) -> list[Cell]:
    """The cells of linear credit with data-driven weights and amounts.

    ``journeys`` are those of the same conversions. Conversions without a touch keep their credit.
    """
    by_group: dict[Group, list[Cell]] = defaultdict(list)
    kept: list[Cell] = []
    for cell in cells:
        if cell.source_key in groups:
            by_group[groups[cell.source_key]].append(cell)
        else:
            kept.append(cell)
    channels = list(by_group)
    effects = effects_of(journeys, groups, channels, order)
    linear = [cell for group in channels for cell in by_group[group]]
    weights = credits_of(sum(cell.weight for cell in linear), effects.conversion)
    amounts = credits_of(sum(cell.amount for cell in linear), effects.value)
    owned = credits_of(sum(cell.own_amount for cell in linear), effects.value)
    gains = credits_of(sum(cell.own_gain for cell in linear), effects.value)
    for group, *parts in zip(channels, weights, amounts, owned, gains, strict=True):
        kept += _dealt(by_group[group], *parts)
    return kept


def effects_of(
    journeys: Sequence[Journey], groups: Mapping[int, Group], channels: Sequence[Group], order: int
) -> Effects:
    """The removal effect of each group of ``channels``; others of the paths are states, too."""
    numbers = {group: number for number, group in enumerate(channels)}
    merged: dict[tuple[int, ...], list[int]] = {}
    for journey in journeys:
        path = tuple(
            numbers.setdefault(groups[key], len(numbers)) for key in journey.path if key in groups
        )
        if path:
            sums = merged.setdefault(path, [0, 0, 0])
            sums[0] += journey.conversions
            sums[1] += journey.value
            sums[2] += journey.nulls
    conversions, values, nulls = zip(*merged.values(), strict=True) if merged else ((), (), ())
    paths = Paths(list(merged), conversions, values, nulls)
    effects = removal_effects(paths, len(numbers), order)
    known = len(channels)
    return Effects(effects.probability, effects.conversion[:known], effects.value[:known])


def _dealt(cells: Sequence[Cell], weight: int, amount: int, owned: int, gain: int) -> list[Cell]:
    worth = [max(cell.amount, 0) for cell in cells]
    # Of conversions that earn and do not count (an order of a lead) there is an amount alone.
    shares = [cell.weight for cell in cells]
    shares = shares if any(shares) else [1] * len(cells)
    worth = worth if any(worth) else shares
    return [
        replace(cell, weight=part, amount=money, own_amount=own, own_gain=kept)
        for cell, part, money, own, kept in zip(
            cells,
            split(weight, shares),
            split(amount, worth),
            split(owned, worth),
            split(gain, worth),
            strict=True,
        )
    ]
