"""The site's local day of an instant, fast enough for every event.

NOTE: zones shift by multiples of a quarter of an hour, so that a quarter lies in one local day;
offsets of before 1972 (local mean time) do not, and a day may then be wrong by minutes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from tracker.period import parse_zone

QUARTER = 15 * 60 * 1000


@lru_cache(maxsize=65_536)
def _day_of_quarter(zone: str, quarter: int) -> date:
    instant = datetime.fromtimestamp(quarter * QUARTER / 1000, UTC)
    return instant.astimezone(parse_zone(zone)).date()


def local_day(zone: str, ms: int) -> date:
    """The day in the zone of that IANA name that holds an instant in UTC milliseconds."""
    return _day_of_quarter(zone, ms // QUARTER)
