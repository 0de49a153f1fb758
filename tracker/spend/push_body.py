"""The body of ``POST /api/v1/sites/{site}/spend``: whole days of one ad account, as JSON.

    {"platform": "google", "account": "123-456-7890", "currency": "CNY",
     "days": [{"day": "2026-09-01",
               "total": {"impressions": 900, "clicks": 31, "cost": "130.00"},
               "rows": [{"campaign": "Pumps", "campaign_id": "901", "ad_group": "Core",
                         "ad_group_id": "77", "keyword": "submersible pump", "keyword_id": "5001",
                         "match_type": "exact", "device": "mobile", "impressions": 820,
                         "clicks": 30, "cost": "123.45", "conversions": "2", "value": "900.00"}]}]}

A day holds everything that the platform has for it: what stood for it goes. ``rows`` may be empty
(a day without spend). Of a row only ``cost`` is required; a row that names no keyword is spend
without one, with ``reason`` for why (``pmax``, ``shopping``, …). ``total`` is the account's own
sum, and may be left out. Amounts are in units of ``currency``, as text or number, with at most
six decimals; ids are text, since programs round large numbers. Days are the account's local days.
``replace`` consents to what an import of a file would ask about; ``dry_run`` changes nothing.

All or nothing: one bad row, and nothing is taken. Each is named with its place and what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from tracker.errors import InvalidInput
from tracker.money import LIMIT, STEP
from tracker.spend.connectors.contract import TotalRow
from tracker.spend.files.rows import SpendRow
from tracker.spend.files.values import (
    bare_keyword,
    canonical_device,
    unallocated_reason,
)
from tracker.tables.match_types import canonical_match_type

#: Bounds of one request; the body's is in bytes, unpacked.
BODY_BYTES: Final = 32 * 2**20
ROWS: Final = 100_000
DAYS: Final = 62
TEXT_LENGTH: Final = 1_000
#: Larger whole numbers are not exact in every program.
EXACT_ID: Final = 2**53
#: So many problems are named.
NAMED: Final = 50


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cost: Decimal
    campaign: str = ""
    campaign_id: str | int = ""
    ad_group: str = ""
    ad_group_id: str | int = ""
    keyword: str = ""
    keyword_id: str | int = ""
    match_type: str = ""
    device: str = ""
    network: str = ""
    impressions: int = 0
    clicks: int = 0
    conversions: Decimal | None = None
    value: Decimal | None = None
    reason: str = ""


class _Total(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cost: Decimal
    impressions: int = 0
    clicks: int = 0


class _Day(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    day: str
    rows: list[msgspec.Raw]
    total: msgspec.Raw = msgspec.Raw(b"null")


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    platform: str
    account: str
    days: list[msgspec.Raw]
    currency: str = ""
    replace: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class PushedDay:
    """A day with all of its rows, and the account's own sum where it was sent."""

    day: date
    rows: list[SpendRow]
    total: TotalRow | None


@dataclass(frozen=True, slots=True)
class Push:
    """A body that can be used; ``days`` in order, each once."""

    platform: str
    account: str
    currency: str
    days: list[PushedDay]
    replace: bool
    dry_run: bool

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(one.rows) for one in self.days)


_BODY = msgspec.json.Decoder(_Body)
_DAY = msgspec.json.Decoder(_Day)
_ROW = msgspec.json.Decoder(_Row)
_TOTAL = msgspec.json.Decoder(_Total)


class _Wrong(Exception):
    """One thing wrong at one place."""


def parse_push(body: bytes, latest: date) -> Push:
    """The push of a body. ``latest`` is the last day that it may have. InvalidInput naming every
    place that is wrong."""
    try:
        given = _decoded(_BODY, body)
        if not 0 < len(given.days) <= DAYS:
            raise _Wrong(f"days: there are {len(given.days)}; 1 to {DAYS} are allowed")
        days = [_decoded(_DAY, raw, f"days[{at}]") for at, raw in enumerate(given.days)]
    except _Wrong as error:
        raise InvalidInput(f"{error}.", hint=HINT) from error
    rows = sum(len(day.rows) for day in days)
    if rows > ROWS:
        raise InvalidInput(
            f"The request has {rows} rows; at most {ROWS} are allowed.",
            hint="Send fewer days in a request, each of them whole.",
        )
    reader = _Reader(latest)
    found = [reader.day(f"days[{at}]", day) for at, day in enumerate(days)]
    reader.refuse()
    found.sort(key=lambda one: one.day)
    return Push(given.platform, given.account, given.currency, found, given.replace, given.dry_run)


class _Reader:
    """Reads days, and collects what is wrong with them."""

    def __init__(self, latest: date) -> None:
        self._latest = latest
        self._seen: set[date] = set()
        self._problems: list[str] = []
        self._count = 0

    def day(self, place: str, given: _Day) -> PushedDay:
        """A day; nonsense where a problem was found."""
        rows = []
        for at, raw in enumerate(given.rows):
            where = f"{place}.rows[{at}]"
            try:
                rows.append(_spend_row(at + 1, _decoded(_ROW, raw, where), where))
            except _Wrong as error:
                self._note(str(error))
        total = None
        try:
            if bytes(given.total) != b"null":
                total = _total_row(given.total, f"{place}.total")
            return PushedDay(self._day(place, given.day), rows, total)
        except _Wrong as error:
            self._note(str(error))
            return PushedDay(date.min, rows, total)

    def refuse(self) -> None:
        """InvalidInput with all problems, if there are any."""
        if not self._count:
            return
        more = [f"and {self._count - NAMED} more"] if self._count > NAMED else []
        raise InvalidInput(
            "\n".join(["Nothing was taken:", *self._problems, *more]), hint=f"\n{HINT}"
        )

    def _day(self, place: str, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise _Wrong(f"{place}.day: {text[:40]!r} is not a day such as 2026-09-01") from None
        if not date(2000, 1, 1) <= day <= self._latest:
            raise _Wrong(f"{place}.day: {day} is not between 2000-01-01 and {self._latest}")
        if day in self._seen:
            raise _Wrong(f"{place}.day: {day} is there twice")
        self._seen.add(day)
        return day

    def _note(self, problem: str) -> None:
        self._count += 1
        if len(self._problems) < NAMED:
            self._problems.append(f"{problem}.")


HINT: Final = "Correct it and send all of it again; the README describes the fields."


def _decoded(decoder: msgspec.json.Decoder[Any], raw: bytes | msgspec.Raw, place: str = "") -> Any:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        path = path.strip("`")
        where = place + path if place else path.lstrip(".")
        raise _Wrong(f"{where}: {what}" if where else what) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _Wrong(f"{place}: not valid JSON" if place else "The body is not JSON") from error


def _spend_row(number: int, row: _Row, place: str) -> SpendRow:
    match_text, reason = row.match_type.strip(), row.reason.strip()
    match_type = canonical_match_type(match_text.casefold())
    word = bare_keyword(_text(row.keyword, "keyword", place), match_type)
    word_id = _id(row.keyword_id, "keyword_id", place)
    if word or word_id:
        reason = unallocated_reason(word, "-") if word else ""
    else:
        reason = reason or unallocated_reason("", match_text)
    return SpendRow(
        number,
        None,
        "",
        _text(row.campaign, "campaign", place),
        _id(row.campaign_id, "campaign_id", place),
        _text(row.ad_group, "ad_group", place),
        _id(row.ad_group_id, "ad_group_id", place),
        "" if reason else word,
        word_id,
        match_type,
        match_text,
        canonical_device(row.device),
        _text(row.network, "network", place),
        _count(row.impressions, "impressions", place),
        _count(row.clicks, "clicks", place),
        _amount(row.cost, "cost", place),
        "",
        None if row.conversions is None else _rounded(row.conversions, "conversions", place),
        None if row.value is None else _rounded(row.value, "value", place),
        "unallocated" if reason else "keyword",
        _text(reason, "reason", place)[:64],
    )


def _total_row(raw: msgspec.Raw, place: str) -> TotalRow:
    total: _Total = _decoded(_TOTAL, raw, place)
    return TotalRow(
        impressions=_count(total.impressions, "impressions", place),
        clicks=_count(total.clicks, "clicks", place),
        cost=_amount(total.cost, "cost", place),
        platform_conversions=None,
        platform_value=None,
    )


def _text(value: str, field: str, place: str) -> str:
    text = " ".join(value.replace("\0", " ").split())
    if len(text) > TEXT_LENGTH:
        raise _Wrong(f"{place}.{field}: longer than {TEXT_LENGTH} characters")
    return text


def _id(value: str | int, field: str, place: str) -> str:
    if isinstance(value, int):
        if not 0 <= value < EXACT_ID:
            raise _Wrong(f"{place}.{field}: too large a number to be exact; send ids as text")
        return str(value) if value else ""
    text = value.strip()
    if len(text) > 64 or any(sign.isspace() or not sign.isprintable() for sign in text):
        raise _Wrong(f"{place}.{field}: {text[:40]!r} is not an id")
    return "" if text == "0" else text


def _count(value: int, field: str, place: str) -> int:
    if not 0 <= value < 2**63:
        raise _Wrong(f"{place}.{field}: {value} is not a whole number of at least 0")
    return value


def _amount(value: Decimal, field: str, place: str) -> Decimal:
    if value.is_finite() and abs(value) <= LIMIT and value == value.quantize(STEP):
        return value
    raise _Wrong(f"{place}.{field}: {str(value)[:40]} is not an amount of at most six decimals")


def _rounded(value: Decimal, field: str, place: str) -> Decimal:
    if value.is_finite() and abs(value) <= LIMIT:
        return value.quantize(STEP)
    raise _Wrong(f"{place}.{field}: {str(value)[:40]} is no number")


def day_rows(push: Push) -> Iterator[tuple[date, SpendRow]]:
    """Every row with its day."""
    for one in push.days:
        for row in one.rows:
            yield one.day, row
