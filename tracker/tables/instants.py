"""Times as files write them, as instants in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from datetime import time as clock
from zoneinfo import ZoneInfo

from tracker.period import day_start
from tracker.tables.dates import Order, parse_day
from tracker.tables.numbers import unwrap
from tracker.tables.problem import CellError, quoted

_TIMED = re.compile(
    r"^(?P<day>.+?)(?:T|\s+|(?<=日))\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"\s*(?P<half>[AP]M)?\s*(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
    r"[\s(（]*(?:(?:周|星期)[一二三四五六日天])?[\s)）]*$",
    re.IGNORECASE,
)
_HOUR = re.compile(r"[0-9]:[0-9]")


def parse_instant(cell: str, zone: ZoneInfo, order: Order | None = None) -> tuple[datetime, bool]:
    """The instant (UTC, milliseconds) of a cell, and whether it says only a day.

    ``2026-10-01T12:32:45+08:00`` names its own offset; ``2026-10-01 12:32`` is the clock of
    ``zone``. A day alone stands for its last millisecond there. CellError otherwise.
    """
    text = unwrap(cell)
    match = _TIMED.match(text)
    if match is None:
        if _HOUR.search(text):
            raise CellError(f"{quoted(cell)} is no time of day.")
        following = parse_day(text, order) + timedelta(days=1)
        return day_start(following, zone) - timedelta(milliseconds=1), True
    day = parse_day(match["day"], order)
    local = datetime.combine(day, _clock(match, cell))
    offset = match["zone"]
    aware = local.replace(tzinfo=_offset(offset, cell) if offset else zone)
    return aware.astimezone(UTC), False


def _clock(match: re.Match[str], cell: str) -> clock:
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise CellError(f"{quoted(cell)} has no hour of a 12-hour clock.")
        hour = hour % 12 + (12 if match["half"].upper() == "PM" else 0)
    millisecond = int((match["fraction"] or "0").ljust(3, "0")[:3])
    try:
        return clock(hour, int(match["minute"]), int(match["second"] or 0), millisecond * 1000)
    except ValueError as error:
        raise CellError(f"{quoted(cell)} is no time of day.") from error


def _offset(text: str, cell: str) -> timezone:
    """A fixed offset; the sign and four digits are given."""
    if text.upper() == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if delta >= timedelta(hours=24):
        raise CellError(f"{quoted(cell)} has no time-zone offset.")
    return timezone(-delta if text[0] == "-" else delta)
