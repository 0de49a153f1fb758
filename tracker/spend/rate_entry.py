"""One exchange rate that a person enters, corrects or removes, for a day or for some days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import msgspec
from sqlalchemy import Engine

from tracker.errors import InvalidInput, NotFound
from tracker.money import decimal_text, parse_currency
from tracker.period import Period, parse_day
from tracker.spend.rate_file import LIMIT, STEP
from tracker.spend.rates import (
    REMOVED,
    Key,
    MarkMoney,
    compare_rates,
    standing_quotes,
    store_rates,
)
from tracker.warehouse.client import Warehouse


@dataclass(frozen=True, slots=True)
class RateSpan:
    """The days and the pair that are meant."""

    base: str
    quote: str
    days: Period

    def keys(self) -> list[Key]:
        """Each day of it."""
        first = self.days.first
        return [(first + timedelta(days=n), self.base, self.quote) for n in range(self.days.days)]


class RateEntry(msgspec.Struct, frozen=True):
    """What an entry or a removal did; ``rate`` is null where rates were removed."""

    base: str
    quote: str
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    rate: str | None
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0


def parse_span(fields: Mapping[str, str], quote: str) -> RateSpan:
    """``base``, ``quote``, ``first`` and ``last`` as people write them; ``quote`` if none is
    given, the first day alone without a last one. Errors: InvalidInput."""
    base = parse_currency(fields.get("base", ""))
    given = fields.get("quote", "").strip()
    against = parse_currency(given) if given else quote
    if base == against:
        raise InvalidInput(
            f"Base and quote are both {base}.", hint="A currency needs no rate against itself."
        )
    first = parse_day(fields.get("first", ""))
    last = fields.get("last", "").strip()
    return RateSpan(base, against, Period(first, parse_day(last) if last else first))


def parse_rate(text: str) -> Decimal:
    """A rate as a plain decimal, exact. Errors: InvalidInput."""
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 < rate < LIMIT or rate != rate.quantize(STEP):
        raise InvalidInput(
            f"{text!r} is not a rate.",
            hint="Write it as 7.1042: above 0, with at most nine decimal places.",
        )
    return rate.quantize(STEP)


def enter_rate(
    warehouse: Warehouse,
    db: Engine,
    tenant: str,
    span: RateSpan,
    rate: Decimal,
    *,
    mark_money: MarkMoney,
) -> RateEntry:
    """One unit of the base is worth ``rate`` units of the quote on each of the days."""
    found = dict.fromkeys(span.keys(), rate)
    difference = compare_rates(warehouse, tenant, found)
    fresh = difference.added | difference.replaced
    if fresh:
        store_rates(warehouse, db, tenant, fresh, mark_money)
    return RateEntry(
        span.base,
        span.quote,
        span.days.first,
        span.days.last,
        decimal_text(rate),
        added=len(difference.added),
        replaced=len(difference.replaced),
        unchanged=len(found) - len(fresh),
    )


def remove_rate(
    warehouse: Warehouse, db: Engine, tenant: str, span: RateSpan, *, mark_money: MarkMoney
) -> RateEntry:
    """Remove the pair's rates of these days, whoever gave them. NotFound if there are none.

    What an address publishes may come back by the next fetch; a rate entered by hand stays.
    """
    standing = standing_quotes(warehouse, tenant, span.days.first, span.days.last)
    found = dict.fromkeys(filter(standing.__contains__, span.keys()), REMOVED)
    if not found:
        raise NotFound(
            f"No rate {span.base}/{span.quote} from {span.days.first} to {span.days.last}."
        )
    store_rates(warehouse, db, tenant, found, mark_money)
    first, last = span.days.first, span.days.last
    return RateEntry(span.base, span.quote, first, last, None, removed=len(found))
