"""Days as reports write them, and ranges of days in the lines above a table.

A date such as 6/10/2026 says its day and month in an order that only the file can tell: another
date of the same file with a number above 12. Without one it is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from enum import Enum

from tracker.tables.numbers import unwrap
from tracker.tables.problem import CellError, quoted


class AmbiguousDay(CellError):
    """Day and month could be either way round."""


class Order(Enum):
    """The order of day and month in 6/10/2026."""

    MONTH_FIRST = "month/day/year"
    DAY_FIRST = "day/month/year"


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        1,
    )
    for name in names
}
_DATE = re.compile(
    r"(?<![0-9])(?:"
    r"(?P<y1>[0-9]{4})(?P<sep>[-/.])(?P<m1>[0-9]{1,2})(?P=sep)(?P<d1>[0-9]{1,2})"
    r"|(?P<y2>[0-9]{4})\s*年\s*(?P<m2>[0-9]{1,2})\s*月\s*(?P<d2>[0-9]{1,2})\s*日"
    r"|(?P<y3>(?:19|20)[0-9]{2})(?P<m3>[01][0-9])(?P<d3>[0-3][0-9])"
    r"|(?P<n4>[0-9]{1,2})(?P<sep4>[-/.])(?P<n5>[0-9]{1,2})(?P=sep4)(?P<y4>[0-9]{4})"
    r"|(?P<d6>[0-9]{1,2})\s+(?P<mon6>[A-Za-z]{3,9})\.?,?\s+(?P<y6>[0-9]{4})"
    r")(?![0-9])"
    r"|(?<![A-Za-z])(?P<mon7>[A-Za-z]{3,9})\.?\s+(?P<d7>[0-9]{1,2}),?\s+(?P<y7>[0-9]{4})(?![0-9])"
)
_AROUND = re.compile(
    r"^[\s,]*(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[,.]?\s*)?$", re.I
)
_AFTER = re.compile(
    r"^(?:[T\s]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\.[0-9]+)?\s*(?:[AP]M)?)?"
    r"[\s(（]*(?:(?:周|星期)[一二三四五六日天])?[\s)）]*$",
    re.I,
)


def parse_day(cell: str, order: Order | None = None) -> dt.date:
    """The day of a cell (a time of day after it is dropped); CellError otherwise."""
    text = unwrap(cell)
    match = _DATE.search(text)
    if (
        match is None
        or not _AROUND.match(text[: match.start()])
        or not _AFTER.match(text[match.end() :])
    ):
        raise CellError(f"{quoted(cell)} is not a day such as 2026-09-01.")
    return _day(match, order)


def days_in(text: str, order: Order | None = None) -> list[dt.date]:
    """All days named in a line of text, in its order. CellError on an ambiguous one."""
    return [_day(match, order) for match in _DATE.finditer(text) if _is_date(match)]


def text_without_days(text: str) -> str:
    """What is left of a line when its days are taken out."""
    return _DATE.sub("", text)


def learn_order(texts: Iterable[str]) -> Order | None:
    """The order of day and month that the dates of a file can only have; None without evidence.

    CellError when two dates contradict each other.
    """
    month_first = day_first = ""
    for text in texts:
        for match in _DATE.finditer(text):
            if match["n4"] is None:
                continue
            if int(match["n4"]) > 12:
                day_first = day_first or match[0]
            elif int(match["n5"]) > 12:
                month_first = month_first or match[0]
    if month_first and day_first:
        raise CellError(
            f"The file writes days both month first and day first: {month_first}, {day_first}."
        )
    if month_first:
        return Order.MONTH_FIRST
    return Order.DAY_FIRST if day_first else None


def _is_date(match: re.Match[str]) -> bool:
    name = match["mon6"] or match["mon7"]
    return name is None or name.lower() in _MONTHS


def _day(match: re.Match[str], order: Order | None) -> dt.date:
    year, month, day = _numbers(match, order)
    try:
        if not 1990 <= year < 2100:  # what a Date column holds, and any report can mean
            raise ValueError(year)
        return dt.date(year, month, day)
    except ValueError as error:
        raise CellError(f"There is no day {match[0]!r}.") from error


def _numbers(match: re.Match[str], order: Order | None) -> tuple[int, int, int]:
    """Year, month, day of a match. Raises CellError where the order of day and month is open."""
    for digit in "123":
        if match[f"y{digit}"]:
            return int(match[f"y{digit}"]), int(match[f"m{digit}"]), int(match[f"d{digit}"])
    if match["y6"]:
        return int(match["y6"]), _month(match["mon6"], match[0]), int(match["d6"])
    if match["y7"]:
        return int(match["y7"]), _month(match["mon7"], match[0]), int(match["d7"])
    year, first, second = int(match["y4"]), int(match["n4"]), int(match["n5"])
    if match["sep4"] == "." or first > 12 or order is Order.DAY_FIRST:
        return year, second, first
    if second > 12 or first == second or order is Order.MONTH_FIRST:
        return year, first, second
    raise AmbiguousDay(
        f"{match[0]} may be day/month or month/day, and no other date in the file tells which. "
        "Write days as 2026-10-06, or download a range that includes a day after the 12th."
    )


def _month(name: str, text: str) -> int:
    month = _MONTHS.get(name.lower())
    if month is None:
        raise CellError(f"{text!r} names no month.")
    return month
