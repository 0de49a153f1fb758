"""Days, time zones and report periods. Days are the site's; instants are UTC milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tracker.errors import InvalidInput

#: Longest period one report takes: ten years and a few days.
MAX_DAYS = 3700
#: Years of days that can be asked for. The engine's days begin in 1970, and a comparison or a
#: lookback reaches before the period.
YEARS = range(1990, 2101)


@lru_cache(maxsize=1024)
def parse_zone(name: str) -> ZoneInfo:
    """The IANA zone of that name, or InvalidInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _unknown(name) from error


def checked_zone(name: str) -> str:
    """The name of a zone to be stored; InvalidInput unless it is one of IANA's.

    Python also opens other files of the system's directory (``posix/UTC``); the engine does not.
    """
    if name not in _zones():
        raise _unknown(name)
    return name


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _unknown(name: str) -> InvalidInput:
    return InvalidInput(
        f"Unknown time zone {name!r}.", hint="Use an IANA name such as Asia/Shanghai or UTC."
    )


def parse_day(text: str) -> date:
    """``YYYY-MM-DD`` to a day, or InvalidInput."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput(f"Not a day: {text!r}.", hint="Write it as YYYY-MM-DD.") from error


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which the local day begins; DST days last 23 or 25 hours."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The site's day that holds an aware instant."""
    return instant.astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, both ends included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise InvalidInput(
                f"The period ends before it begins: {self.first} to {self.last}.",
                hint="Swap --from and --to.",
            )
        if self.days > MAX_DAYS:
            raise InvalidInput(f"The period has {self.days} days; at most {MAX_DAYS} are allowed.")

    @classmethod
    def parse(cls, first: str, last: str) -> Period:
        """Both ends as ``YYYY-MM-DD``, within the years that tables have days for."""
        period = cls(parse_day(first), parse_day(last))
        for day in (period.first, period.last):
            if day.year not in YEARS:
                raise InvalidInput(
                    f"No report has the day {day}.",
                    hint=f"Choose days of {YEARS.start} to {YEARS.stop - 1}.",
                )
        return period

    @property
    def days(self) -> int:
        """How many days the period has, at least one."""
        return (self.last - self.first).days + 1

    def holds(self, first: date, last: date) -> bool:
        """Whether all of these days are in the period."""
        return self.first <= first and last <= self.last

    def touches(self, first: date, last: date) -> bool:
        """Whether any of these days is in the period."""
        return self.first <= last and first <= self.last

    def previous(self) -> Period:
        """The period of the same length that ends the day before this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))
