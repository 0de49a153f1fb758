"""The data-driven model: what would be lost if a channel were not there, in closed form.

The removal effect of a channel is 1 - P(no state with the channel, conversion) / P(conversion)
in the absorbing chain of ``chain.py``: solved (``removal.py``), never simulated. For every order
P(conversion) equals conversions / (conversions + nulls). Values use the same with the mean value
of the conversions that leave a state in place of their probability. A channel's credit is the
total times its effect over the sum of all effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tracker.attribution.chain import Paths, chain_of
from tracker.attribution.removal import losses
from tracker.errors import InvalidInput

ORDERS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Effects:
    """P(conversion) from the start, and the removal effect of each channel, on conversions and on
    value; the latter is that on conversions where the value is not more than nothing."""

    probability: float
    conversion: list[float]
    value: list[float]


def removal_effects(paths: Paths, channels: int, order: int) -> Effects:
    """The effect of removing each of ``channels``, for a chain of that order.

    InvalidInput for an order other than 1 to 4. Without conversions every effect is 0.
    """
    if order not in ORDERS:
        raise InvalidInput(f"There is no Markov chain of order {order}.", hint="Use 1, 2, 3 or 4.")
    if not sum(paths.conversions):
        return Effects(0.0, [0.0] * channels, [0.0] * channels)
    chain = chain_of(paths, channels, order)
    lost, whole = losses(chain, np.stack([chain.converts, chain.worth], axis=1))
    conversion = np.clip(lost[:, 0] / whole[0], 0.0, 1.0)
    # A refund may weigh more than what a channel brought: then it brought nothing.
    value = np.clip(lost[:, 1] / whole[1], 0.0, None) if whole[1] > 0 else conversion
    return Effects(float(whole[0]), conversion.tolist(), value.tolist())


def credits_of(total: int, effects: Sequence[float]) -> list[int]:
    """``total`` split over channels in proportion to their effects, exactly; evenly where no
    channel has any effect."""
    shares = [Fraction(effect) for effect in effects]
    return split(total, shares if any(shares) else [Fraction(1)] * len(shares))


def split(total: int, shares: Sequence[Fraction] | Sequence[int]) -> list[int]:
    """Integers in proportion to ``shares`` (none negative, not all 0) that sum to ``total``:
    largest remainder, ties to the earlier one; a negative total like a positive one."""
    if not shares:
        return []
    whole = sum(shares)
    exact = [Fraction(share * abs(total)) / whole for share in shares]
    parts = [int(value) for value in exact]
    missing = abs(total) - sum(parts)
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[:missing]:
        parts[place] += 1
    return parts if total >= 0 else [-part for part in parts]
