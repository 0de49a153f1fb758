"""The values of platforms' answers as ours: exact money, ids as text, days, match types, devices.

A value that cannot be read is a ``ValueError`` that names the field and never the whole answer;
connectors make a Terminal of it, because the same answer would come again.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from tracker.money import LIMIT, STEP
from tracker.spend.files.values import canonical_device
from tracker.tables.match_types import canonical_match_type

#: What platforms write where there is no value.
NULLS: Final = frozenset({"", "--", "-", "null", "NULL"})
#: Some platforms write the largest double (1.7976931348623158E303 and such) for "no value".
SENTINEL: Final = Decimal("1e300")
#: Largest count that a column holds.
COUNT_LIMIT: Final = 2**63 - 1
#: Wide enough for every amount in range, however many digits a platform writes.
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_DIGITS = re.compile(r"[0-9]{1,19}")
_ID = re.compile(r"[\w.~:\-]{1,64}")
_DELETED: Final = "[已删除]"
#: A report says the same ids, names and small counts again and again: so many of them are kept.
REPEATED: Final = 1 << 15


@lru_cache(maxsize=REPEATED)
def count_of(value: str | int | Decimal | None, field: str) -> int:
    """A count; nothing is 0, since platforms leave zeros out."""
    if value is None or (isinstance(value, str) and value in NULLS):
        return 0
    if isinstance(value, Decimal):
        if is_null(value):
            return 0
        if not value.is_finite() or value != value.to_integral_value():
            raise ValueError(f"{field} is no whole number")
        value = int(value)
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            raise ValueError(f"{field} is no count")
        value = int(value)
    if not 0 <= value <= COUNT_LIMIT:
        raise ValueError(f"{field} is out of range")
    return value


@lru_cache(maxsize=REPEATED)
def micros_amount(value: str | int | None, field: str) -> Decimal:
    """An amount given in millionths, exact; may be negative (a correction)."""
    if value is None or value == "":
        return Decimal(0)
    text = str(value)
    if not _DIGITS.fullmatch(text.removeprefix("-")):
        raise ValueError(f"{field} is no amount in micros")
    amount = Decimal(text).scaleb(-6)
    if abs(amount) > LIMIT:
        raise ValueError(f"{field} is out of range")
    return amount


def amount_of(value: str | Decimal | None, field: str) -> Decimal:
    """An amount in units of the currency; nothing is 0. Rounded to a millionth, half to even:
    platforms that write doubles have digits beyond it that mean nothing."""
    return number_or_none(value, field) or Decimal(0)


def number_or_none(value: str | Decimal | None, field: str) -> Decimal | None:
    """An amount or a fractional count, to a millionth; None for a null."""
    return None if value is None else _number(value, field)


@lru_cache(maxsize=REPEATED)
def _number(value: str | Decimal, field: str) -> Decimal | None:
    if isinstance(value, str):
        if value in NULLS:
            return None
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise ValueError(f"{field} is no number") from None
    if is_null(value):
        return None
    return _in_range(value, field)


def is_null(value: Decimal) -> bool:
    """Whether a number is a platform's way of saying that there is none."""
    return value.is_finite() and abs(value) >= SENTINEL


def _in_range(value: Decimal, field: str) -> Decimal:
    if not value.is_finite() or abs(value) > LIMIT:
        raise ValueError(f"{field} is out of range")
    return value.quantize(STEP, context=_EXACT)


@lru_cache(maxsize=REPEATED)
def id_of(value: str | int | None, field: str) -> str:
    """An id as text; nothing and 0 are ""."""
    text = "" if value is None else str(value).strip()
    if text in NULLS or text == "0":
        return ""
    if len(text) <= 64 and text.isascii() and text.isdigit():
        return text
    if not _ID.fullmatch(text):
        raise ValueError(f"{field} is no id")
    return text


@lru_cache(maxsize=REPEATED)
def name_of(value: str | None) -> str:
    """A name, without the mark of deleted entities."""
    text = (value or "").strip()
    return "" if text in NULLS else text.removesuffix(_DELETED).rstrip()


def day_of(value: str, field: str) -> date:
    """``YYYY-MM-DD`` (a time after it is ignored)."""
    try:
        return _day(value[:10])
    except ValueError:
        raise ValueError(f"{field} is no day") from None


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    return date.fromisoformat(text)


@lru_cache(maxsize=256)
def match_type_of(value: str | None) -> str:
    """exact, phrase, broad, smart or ""."""
    return canonical_match_type((value or "").casefold())


@lru_cache(maxsize=256)
def device_of(value: str | None) -> str:
    """desktop, mobile, tablet, tv, or the platform's word in lower case."""
    word = (value or "").strip().casefold()
    if word in NULLS:
        return ""
    return "tv" if word in ("connected_tv", "smart_tv", "tv") else canonical_device(word)
