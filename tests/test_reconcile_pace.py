"""Pace: an expensive slice that is always dirty rests; a cheap one never does."""

from __future__ import annotations

from datetime import date

from tracker.accounts.marks import Mark, Slice
from tracker.reconcile.pace import LONGEST, REST, Pace

BUSY = Slice("visits", "busy", date(2026, 9, 1))
SMALL = Slice("visits", "small", date(2026, 9, 1))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def due(pace: Pace) -> list[str]:
    """The sites of those of both slices that may be built."""
    return [mark.slice.site for mark in pace.due([Mark(BUSY, 1), Mark(SMALL, 2)])]


def test_a_slice_rests_for_several_times_as_long_as_its_build_took() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert due(pace) == ["busy", "small"]
    pace.took([BUSY], 2.0)
    clock.now += 2.0 * REST - 0.1
    assert due(pace) == ["small"]
    clock.now += 0.2
    assert due(pace) == ["busy", "small"]


def test_no_slice_rests_for_longer_than_a_minute() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.took([BUSY], 500.0)
    clock.now += LONGEST + 0.1
    assert due(pace) == ["busy", "small"]


def test_many_quick_slices_of_one_build_do_not_rest() -> None:
    pace = Pace(Clock())
    pace.took([BUSY, SMALL] * 50, 5.0)
    assert due(pace) == ["busy", "small"]
