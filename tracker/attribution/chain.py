"""The absorbing Markov chain of a set of paths.

States are overlapping k-grams of a path's channels, shorter at its beginning; a transition from a
state to itself is dropped; conversion and null absorb.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Paths:
    """Distinct paths: channel numbers in order of time, how many converted with what value in
    total (any unit, whole numbers), and how many did not. No path is empty."""

    paths: Sequence[Sequence[int]]
    conversions: Sequence[int]
    values: Sequence[int]
    nulls: Sequence[int]


@dataclass(frozen=True, slots=True)
class Chain:
    """Probabilities of moving between states, of starting in each, and of converting from each;
    ``worth`` is the latter times the mean value. ``members`` says which state has which channel
    (states x channels), ``last`` the channel that each state ends with."""

    moves: csr_array
    start: Floats
    converts: Floats
    worth: Floats
    members: csr_array
    last: Integers


def chain_of(paths: Paths, channels: int, order: int) -> Chain:
    """The chain of that order; the paths have at least one conversion."""
    # Imported here: most commands never need it, and it takes a third of a second.
    from scipy.sparse import csr_array

    lengths = np.fromiter(map(len, paths.paths), np.int64, len(paths.paths))
    tokens = np.fromiter(chain.from_iterable(paths.paths), np.int64, int(lengths.sum()))
    ends = np.cumsum(lengths) - 1
    starts = ends - lengths + 1
    place = np.arange(tokens.size) - np.repeat(starts, lengths)
    states, example = _states(tokens, place, order)
    size = example.size
    converted = np.asarray(paths.conversions, np.float64)
    passing = converted + np.asarray(paths.nulls, np.float64)
    inner = (place[1:] > 0) & (states[:-1] != states[1:])
    weight = np.repeat(passing, lengths)[1:][inner]
    moves = csr_array((weight, (states[:-1][inner], states[1:][inner])), shape=(size, size))
    moves.sum_duplicates()
    left = np.asarray(moves.sum(axis=1)) + np.bincount(states[ends], passing, size)
    share: Floats = np.divide(1.0, left, out=np.zeros(size), where=left > 0)
    moves.data *= np.repeat(share, np.diff(moves.indptr))
    values = np.asarray(paths.values, np.float64)
    return Chain(
        moves=moves,
        start=np.bincount(states[starts], passing, size) / passing.sum(),
        converts=share * np.bincount(states[ends], converted, size),
        worth=share * np.bincount(states[ends], values, size),
        members=_members(tokens, place, example, order, channels),
        last=tokens[example],
    )


def _states(tokens: Integers, place: Integers, order: int) -> tuple[Integers, Integers]:
    """The state at each touch, and for each state a touch at which it stands."""
    _, states = np.unique(tokens, return_inverse=True)
    for _ in range(order - 1):
        before = np.where(place > 0, np.roll(states, 1) + 1, 0)
        # States that differ in their last channel only are neighbours: the same states lead to
        # them, so that a product with the transitions finds those in the processor's cache.
        _, states = np.unique(before * (tokens.max() + 1) + tokens, return_inverse=True)
    _, example = np.unique(states, return_index=True)
    return states, example


def _members(
    tokens: Integers, place: Integers, example: Integers, order: int, channels: int
) -> csr_array:
    from scipy.sparse import csr_array

    rows, columns = [], []
    for back in range(order):
        long_enough = np.flatnonzero(place[example] >= back)
        rows.append(long_enough)
        columns.append(tokens[example[long_enough] - back])
    row, column = np.concatenate(rows), np.concatenate(columns)
    found = csr_array((np.ones(row.size), (row, column)), shape=(example.size, channels))
    found.sum_duplicates()
    return found
