"""The clock that parts are given: a function that returns the present as an aware UTC instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time_ns

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def utc_now() -> datetime:
    """The system's clock, UTC, cut to whole milliseconds as everything stored is."""
    return from_ms(to_ms(datetime.now(UTC)))


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970-01-01 UTC, exact; a naive datetime is a ValueError."""
    if instant.tzinfo is None:
        raise ValueError(f"naive datetime {instant!r}; instants carry a time zone")
    return (instant - EPOCH) // MILLISECOND


def now_ms(clock: Clock) -> int:
    """The clock's present in whole UTC milliseconds; for callers to whom a microsecond matters."""
    return time_ns() // 1_000_000 if clock is utc_now else to_ms(clock())


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC instant of that many milliseconds since 1970-01-01 UTC."""
    return EPOCH + milliseconds * MILLISECOND
