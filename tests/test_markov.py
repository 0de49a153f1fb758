"""Data-driven attribution against published data and against a plain reference."""

from __future__ import annotations

import csv
import gzip
import random
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from tests import attribution_reference as reference
from tracker.attribution import removal
from tracker.attribution.chain import Paths
from tracker.attribution.markov import credits_of, removal_effects, split
from tracker.errors import InvalidInput

GOLDEN = Path(__file__).parent / "golden" / "channel_paths.csv.gz"
PUBLISHED = Fraction(19785, 88387)


@cache
def published() -> list[reference.Path]:
    """The 10,000 paths of ChannelAttribution's example."""
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as file:
        return [
            (
                tuple(name.strip() for name in row["path"].split(">")),
                int(row["total_conversions"]),
                float(row["total_conversion_value"]),
                int(row["total_null"]),
            )
            for row in csv.DictReader(file)
        ]


def numbered(paths: list[reference.Path]) -> tuple[Paths, list[str]]:
    """The paths with channel numbers, and the channels' names."""
    names = sorted({name for path, _, _, _ in paths for name in path})
    numbers = {name: number for number, name in enumerate(names)}
    return (
        Paths(
            [[numbers[name] for name in path] for path, _, _, _ in paths],
            [conversions for _, conversions, _, _ in paths],
            [round(value * 1000) for _, _, value, _ in paths],
            [nulls for _, _, _, nulls in paths],
        ),
        names,
    )


@pytest.mark.parametrize(
    "order", [1, 2, *(pytest.param(order, marks=pytest.mark.slow) for order in (3, 4))]
)
def test_published_paths_convert_as_often_as_they_did_at_every_order(order: int) -> None:
    paths, names = numbered(published())
    effects = removal_effects(paths, len(names), order)
    assert effects.probability == pytest.approx(float(PUBLISHED), abs=1e-12)
    total = 19785 * 10**9
    credits = credits_of(total, effects.conversion)
    assert sum(credits) == total
    _, expected = reference.removal_effects(published(), order)
    whole = sum(expected.values())
    for name, credit in zip(names, credits, strict=True):
        assert credit / 10**9 == pytest.approx(19785 * expected[name] / whole, abs=1e-6)


def test_both_ways_of_solving_a_chain_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    paths, names = numbered(published())
    exact = removal_effects(paths, len(names), 2)
    monkeypatch.setattr(removal, "DENSE", 0)
    swept = removal_effects(paths, len(names), 2)
    assert swept.conversion == pytest.approx(exact.conversion, abs=1e-9)
    assert swept.value == pytest.approx(exact.value, abs=1e-9)
    monkeypatch.setattr(removal, "FINE", 0)
    rough = removal_effects(paths, len(names), 2)
    assert rough.conversion == pytest.approx(exact.conversion, abs=1e-5)
    monkeypatch.setattr(removal, "SWEEPS", 1)
    alone = removal_effects(paths, len(names), 2)
    assert alone.conversion == pytest.approx(exact.conversion, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_random_paths_agree_with_the_reference(seed: int) -> None:
    chance = random.Random(seed)
    paths: list[reference.Path] = []
    for _ in range(60):
        path = tuple(chance.choice("abcde") for _ in range(chance.randrange(1, 8)))
        paths.append((path, chance.randrange(3), 1.0, chance.randrange(3)))
    paths = [path for path in paths if path[1] + path[3]]
    given, names = numbered(paths)
    for order in (1, 2, 3, 4):
        effects = removal_effects(given, len(names), order)
        whole, expected = reference.removal_effects(paths, order)
        assert effects.probability == pytest.approx(whole, abs=1e-9)
        assert dict(zip(names, effects.conversion, strict=True)) == pytest.approx(
            expected, abs=1e-9
        )


def test_a_channel_of_every_path_loses_everything_and_a_useless_one_nothing() -> None:
    paths = Paths([[0, 1], [0], [0, 2]], [5, 5, 0], [50, 50, 0], [0, 10, 10])
    effects = removal_effects(paths, 3, 1)
    assert effects.conversion[0] == pytest.approx(1)
    assert effects.conversion[2] == pytest.approx(0, abs=1e-12)


def test_value_follows_the_value_of_conversions_not_their_number() -> None:
    paths = Paths([[0], [1]], [1, 1], [900, 100], [1, 1])
    effects = removal_effects(paths, 2, 1)
    assert effects.conversion == pytest.approx([0.5, 0.5])
    assert credits_of(1000, effects.value) == [900, 100]


def test_nothing_converted_means_no_effect_and_refunds_alone_mean_that_of_conversions() -> None:
    assert removal_effects(Paths([], [], [], []), 2, 1).conversion == [0, 0]
    assert removal_effects(Paths([[0]], [0], [0], [7]), 1, 2).probability == 0
    refunds = removal_effects(Paths([[0], [1]], [1, 3], [-5, -5], [0, 0]), 2, 1)
    assert refunds.value == refunds.conversion


def test_an_order_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInput, match="order 5"):
        removal_effects(Paths([[0]], [1], [1], [0]), 1, 5)


def test_a_split_is_exact_whatever_is_split() -> None:
    assert split(10, [1, 1, 1]) == [4, 3, 3]
    assert split(-10, [1, 1, 1]) == [-4, -3, -3]
    assert credits_of(7, [0.0, 0.0]) == [4, 3]
    assert split(0, [1, 2]) == [0, 0]
    assert split(5, []) == []
