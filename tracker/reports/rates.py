"""Exchange rates: what a company has, and what the figures of a site need and lack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import msgspec

from tracker.accounts.sites import Site
from tracker.money import decimal_text
from tracker.period import local_day, parse_zone
from tracker.spend.daybook import runs_of
from tracker.spend.rates import standing_quotes
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: Spans of one answer.
MOST_SPANS = 1000
#: The last day that a column of days can hold.
LAST_DAY = date(2149, 6, 6)


class RateSpanView(msgspec.Struct, frozen=True):
    """One rate over days that follow each other: one ``base`` is worth ``rate`` of ``quote``.

    ``quoted`` is the newest day that the rate is of, earlier than ``last`` for one carried over
    days on which none is published. ``source`` is file (entered or imported), ecb or address.
    """

    base: str
    quote: str
    rate: str
    source: str
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    quoted: date


class DaySpan(msgspec.Struct, frozen=True):
    """Days that follow each other, both ends included."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")


class RateNeed(msgspec.Struct, frozen=True):
    """A currency of the site's cost or conversions against the site's own.

    ``days`` have amounts in it, from ``first`` to ``last``; ``lacking`` are those of them without a
    rate, ``missing`` how many. ``newest`` is the newest day with a rate of the pair, in either
    direction, ``age_days`` how many days before the site's today that rate was quoted.
    """

    base: str
    quote: str
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    days: int
    missing: int
    lacking: list[DaySpan]
    newest: date | None
    age_days: int | None


@dataclass(frozen=True, slots=True)
class _Newest:
    day: date
    quoted: date


def rate_spans(
    warehouse: Warehouse,
    tenant: str,
    *,
    base: str = "",
    quote: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[RateSpanView]:
    """The rates of a company, newest first; ``base`` and ``quote`` choose a pair."""
    rows = warehouse.rows(
        load_sql("tracker.spend", "standing_rate_spans.sql"),
        {
            "tenant": tenant,
            "base": base,
            "quote": quote,
            "most": min(limit, MOST_SPANS),
            "skipped": offset,
        },
    )
    return [
        RateSpanView(str(one), str(other), decimal_text(Decimal(rate)) or "", str(source), *days)
        for one, other, rate, source, *days in rows
    ]


def rate_needs(warehouse: Warehouse, site: Site, now: datetime) -> list[RateNeed]:
    """What the published figures of a site need. A rate that was entered since is no longer
    lacking, though its amounts are computed with the next run only."""
    asof = int(warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": site.key})[0][0])
    rows = warehouse.rows(
        load_sql(PACKAGE, "rate_needs.sql"),
        {"site": site.key, "home": site.currency, "asof": asof},
    )
    if not rows:
        return []
    priced, newest = _standing(warehouse, site, min(first for _, first, *_ in rows))
    today = local_day(now, parse_zone(site.timezone))
    needs = []
    for currency, first, last, days, lacking in rows:
        missing = [day for day in lacking if (str(currency), day) not in priced]
        last_known = newest.get(str(currency))
        spans = [DaySpan(*span) for span in runs_of(missing)]
        needs.append(
            RateNeed(
                str(currency),
                site.currency,
                first,
                last,
                int(days),
                len(missing),
                spans,
                last_known.day if last_known else None,
                (today - last_known.quoted).days if last_known else None,
            )
        )
    return sorted(needs, key=lambda one: (one.missing == 0, one.base))


def _standing(
    warehouse: Warehouse, site: Site, since: date
) -> tuple[set[tuple[str, date]], dict[str, _Newest]]:
    """The (currency, day) that have a rate against the site's, and the newest of each currency."""
    priced: set[tuple[str, date]] = set()
    newest: dict[str, _Newest] = {}
    standing = standing_quotes(warehouse, site.tenant, since, LAST_DAY)
    for (day, base, quote), (_, quoted, _) in standing.items():
        if site.currency in (base, quote):
            currency = base if quote == site.currency else quote
            priced.add((currency, day))
            newest[currency] = _Newest(day, quoted)
    return priced, newest
