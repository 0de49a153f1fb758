"""Daily exchange rates from an address: the European Central Bank's file, JSON of that kind, or a
table (``rate_table.py``); https or, for a file that another program writes, ``file:``.

A quotation names its day. Days on which none is published (week-ends, holidays) carry the newest
one before them for at most a week, and say so: ``quoted`` is the day that the rate is of. After
that the rate is missing, and amounts that need it are null. A rate that somebody entered for a
day, either way round, is never replaced by one from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import httpx
import msgspec
from sqlalchemy import Engine

from tracker.accounts.ad_accounts import list_ad_accounts
from tracker.accounts.counters import next_number
from tracker.accounts.sites import list_sites
from tracker.errors import InvalidInput, Unavailable
from tracker.money import parse_currency
from tracker.spend.rate_table import read_table
from tracker.spend.rates import BY_HAND, MarkMoney, Standing, standing_quotes
from tracker.warehouse.client import Warehouse

#: The word for the Bank's file. NOTE: that of ninety days, not of the newest: days on which nobody
#: asked would stay without a rate, and so would all days of spend that is older than its site here.
ECB: Final = "ecb"
ECB_URL: Final = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml"
#: A quotation is carried over at most so many days.
CARRIED_DAYS = 7
#: Largest answer, in bytes, and oldest day that is taken from it, in days.
ANSWER_LIMIT = 4 << 20
REACH = 120
ONE_DAY = timedelta(days=1)
COLUMNS = ("tenant", "day", "base", "quote", "rate", "quoted", "source", "version")
_STEP = Decimal("0.000000001")
_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_MARKUP = re.compile(rb"<!(DOCTYPE|ENTITY)", re.I)

#: What one unit of the base is worth in each currency, by day.
Quotations = Mapping[date, Mapping[str, Decimal]]


class _Json(msgspec.Struct):
    """``{"base": "EUR", "date": "2026-10-01", "rates": {"USD": 1.1}}``."""

    base: str
    date: str
    rates: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class FetchedRates:
    """What a fetch did for one company; pairs are written ``USD/CNY``."""

    tenant: str
    source: str
    newest: date
    pairs: list[str]
    changed: int


def fetch_quotations(client: httpx.Client, source: str) -> Quotations:
    """Ask the address. Unavailable if it does not answer, InvalidInput if it cannot be read."""
    url = ECB_URL if source == ECB else source
    if url.startswith("file:"):
        return read_quotations(_file(url))
    try:
        with client.stream("GET", url) as answer:
            answer.raise_for_status()
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > ANSWER_LIMIT:
                    raise InvalidInput(f"{url} answers with more than {ANSWER_LIMIT} bytes.")
    except httpx.HTTPError as error:
        raise Unavailable(
            f"No exchange rates from {url}: {type(error).__name__}.",
            hint="The rates that stand stay; it is tried again later.",
        ) from error
    return read_quotations(body)


def _file(url: str) -> bytes:
    path = Path(unquote(urlsplit(url).path))
    try:
        with path.open("rb") as file:
            body = file.read(ANSWER_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"No exchange rates from {path}: {type(error).__name__}.",
            hint="The rates that stand stay; it is tried again later.",
        ) from error
    if len(body) > ANSWER_LIMIT:
        raise InvalidInput(f"{path} has more than {ANSWER_LIMIT} bytes.")
    return body


def read_quotations(body: bytes) -> Quotations:
    """Quotations of an answer (XML of the Bank's, JSON, a table), with the base among them."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    read = _xml if start == b"<" else _json if start in (b"{", b"[", b"") else read_table
    try:
        found = dict(read(body))
    except (ElementTree.ParseError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The exchange rates cannot be read ({type(error).__name__})."
        ) from error
    if not found:
        raise InvalidInput("The answer holds no exchange rates.")
    return found


def take_quotations(
    warehouse: Warehouse,
    db: Engine,
    tenant: str,
    quotations: Quotations,
    *,
    source: str,
    today: date,
    mark_money: MarkMoney,
) -> FetchedRates:
    """Store the rates that the company's accounts and sites need, up to today."""
    pairs = needed_pairs(db, tenant)
    wanted = list(_daily(quotations, pairs, today))
    days = [day for day, *_ in wanted]
    standing = standing_quotes(warehouse, tenant, min(days), max(days)) if days else {}
    fresh = [
        (day, base, quote, rate, quoted)
        for day, base, quote, rate, quoted in wanted
        if _improves(standing.get((day, base, quote)), rate, quoted)
        and not _is_by_hand(standing.get((day, quote, base)))
    ]
    if fresh:
        version = next_number(db, "rates")
        changed = {day for day, *_ in fresh}
        # On both sides of the insert: see ``rates.py``.
        mark_money(changed)
        try:
            rows = [(tenant, *one, source, version) for one in fresh]
            warehouse.insert("rates", COLUMNS, rows)
        finally:
            mark_money(changed)
    names = sorted(f"{base}/{quote}" for base, quote in pairs)
    return FetchedRates(tenant, source, max(quotations), names, len(fresh))


def needed_pairs(db: Engine, tenant: str) -> set[tuple[str, str]]:
    """(currency of an ad account, currency of a site) wherever they differ."""
    homes = {site.currency for site in list_sites(db, tenant)}
    paid = {one.currency for one in list_ad_accounts(db, tenant) if one.currency} | homes
    return {(base, quote) for base in paid for quote in homes if base != quote}


def _daily(
    quotations: Quotations, pairs: Iterable[tuple[str, str]], today: date
) -> Iterator[tuple[date, str, str, Decimal, date]]:
    """(day, base, quote, rate, quoted) of every day that has a quotation young enough."""
    known = sorted(day for day in quotations if today - timedelta(days=REACH) <= day <= today)
    for base, quote in sorted(pairs):
        # Holidays are those of a currency: a day may have others.
        days = [day for day in known if base in quotations[day] and quote in quotations[day]]
        for quoted, end in zip(days, [*days[1:], today + ONE_DAY], strict=bool(days)):
            rates = quotations[quoted]
            rate = _EXACT.divide(rates[quote], rates[base]).quantize(_STEP, context=_EXACT)
            if 0 < rate < 10**9:
                for n in range(min((end - quoted).days, CARRIED_DAYS + 1)):
                    yield quoted + n * ONE_DAY, base, quote, rate, quoted


def _improves(standing: Standing | None, rate: Decimal, quoted: date) -> bool:
    """Whether a rate from here may take the place of what stands: never of one by hand."""
    if standing is None:
        return True
    known, of_day, _ = standing
    return not _is_by_hand(standing) and quoted >= of_day and (rate, quoted) != (known, of_day)


def _is_by_hand(standing: Standing | None) -> bool:
    return standing is not None and standing[2] == BY_HAND


def _xml(body: bytes) -> Iterator[tuple[date, Mapping[str, Decimal]]]:
    if _MARKUP.search(body):  # entities could make an answer of any size out of a small one
        raise InvalidInput("The exchange rates have a document type, which is not taken.")
    for cube in ElementTree.fromstring(body).iter():
        day = cube.get("time")
        if day is not None:
            rates = {one.get("currency", ""): one.get("rate", "") for one in cube}
            yield _day(day), _checked("EUR", rates)


def _json(body: bytes) -> Iterator[tuple[date, Mapping[str, Decimal]]]:
    found = msgspec.json.decode(body, type=_Json)
    yield _day(found.date), _checked(found.base, {n: str(r) for n, r in found.rates.items()})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise InvalidInput(f"The exchange rates are of {text!r}, which is no day.") from error


def _checked(base: str, rates: Mapping[str, str]) -> Mapping[str, Decimal]:
    """The rates that can be used; InvalidInput if one is no positive number."""
    found = {parse_currency(base): Decimal(1)}
    for name, text in rates.items():
        try:
            rate = Decimal(text)
        except InvalidOperation:
            rate = Decimal(0)
        if not rate.is_finite() or rate <= 0:
            raise InvalidInput(f"The exchange rate of {name!r} is {text!r}, no positive number.")
        found[name.strip().upper()] = rate
    return found
