"""How far a report can be trusted: what could not be joined, and what may still change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from tracker.accounts.marks import dirty_days
from tracker.money import decimal_text
from tracker.period import Period, day_start, local_day, parse_zone
from tracker.reports.request import By, KeywordRequest
from tracker.reports.result import Coverage, Incomplete
from tracker.reports.roi import MICRO, Sums
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"


@dataclass(frozen=True, slots=True)
class Maturity:
    """``lag90``: 90th percentile of the time from touch to conversion; ``valued``: conversions
    that ever had a value; ``first_day``: the first day with visits."""

    lag90: timedelta | None
    valued: int
    first_day: date | None


def maturity(warehouse: Warehouse, request: KeywordRequest, asof: int) -> Maturity:
    """Read it over the whole history of the site and goal."""
    rows = warehouse.rows(
        load_sql(PACKAGE, "maturity.sql"),
        {"site": request.site.key, "asof": asof, "goal": request.goal},
    )
    lag, valued, first_day = rows[0]
    return Maturity(
        None if lag is None else timedelta(milliseconds=int(lag)), int(valued), first_day
    )


def coverage(
    warehouse: Warehouse, request: KeywordRequest, asof: int, rows: Mapping[Any, Sums]
) -> Coverage:
    """Shares that could be joined; ``rows`` are the report's, by a key with ``keyword_key``."""
    found = warehouse.dicts(
        load_sql(PACKAGE, "coverage.sql"),
        {
            "site": request.site.key,
            "asof": asof,
            "first": request.period.first,
            "last": request.period.last,
            "model": str(request.model),
            "goal": request.goal,
            "by_click": request.by is By.CLICK,
        },
    )[0]
    keyword_rows = [sums for key, sums in rows.items() if key.keyword_key]
    unpriced_cost = any(sums.unpriced_cost for sums in rows.values())
    return Coverage(
        conversions=_share(found["joined_weight"], found["weight"]),
        value=None if found["unpriced"] else _share(found["joined_amount"], found["amount"]),
        paid_visits=_share(
            sum(sums.paid_visits for sums in keyword_rows),
            sum(sums.paid_visits for sums in rows.values()),
        ),
        cost=None
        if unpriced_cost
        else _share(
            sum(sums.cost for sums in keyword_rows if sums.visits),
            sum(sums.cost for sums in rows.values()),
        ),
    )


def incomplete(
    warehouse: Warehouse,
    db: Engine,
    request: KeywordRequest,
    asof: int,
    totals: Sums,
    known: Maturity,
    now: datetime,
) -> list[Incomplete]:
    """Everything that makes a number of the report provisional, worst first."""
    return [
        *_missing_rates(warehouse, request, asof),
        *_waiting(db, request),
        *_untracked(request, totals, known),
        *_too_early(request, known, now),
    ]


def _missing_rates(warehouse: Warehouse, request: KeywordRequest, asof: int) -> list[Incomplete]:
    horizon = request.period.last
    if request.by is By.CLICK:
        horizon += timedelta(days=366)
    rows = warehouse.rows(
        load_sql(PACKAGE, "missing_rates.sql"),
        {
            "site": request.site.key,
            "asof": asof,
            "first": request.period.first,
            "last": request.period.last,
            "horizon": horizon,
        },
    )
    return [
        Incomplete(
            "missing_rate",
            f"{currency}/{request.site.currency}",
            first.isoformat(),
            last.isoformat(),
            f"No exchange rate {currency} to {request.site.currency} for {what}; "
            "the amounts that need it, and their totals, are unknown.",
        )
        for what, currency, first, last in rows
    ]


def _waiting(db: Engine, request: KeywordRequest) -> list[Incomplete]:
    days = dirty_days(db, request.site.key)
    if not days:
        return []
    return [
        Incomplete(
            "pending",
            "reconcile",
            min(days).isoformat(),
            max(days).isoformat(),
            f"{len(days)} days have data that is not in the report yet.",
        )
    ]


def _untracked(request: KeywordRequest, totals: Sums, known: Maturity) -> list[Incomplete]:
    if not totals.untracked_cost:
        return []
    since = f"tracking began on {known.first_day}" if known.first_day else "no visit was ever seen"
    return [
        Incomplete(
            "untracked_spend",
            "visits",
            request.period.first.isoformat(),
            request.period.last.isoformat(),
            f"{decimal_text(MICRO * totals.untracked_cost)} {request.site.currency} was spent on "
            f"days without any visit ({since}); it is left out of CPA, ROAS and ROI.",
        )
    ]


def _too_early(request: KeywordRequest, known: Maturity, now: datetime) -> list[Incomplete]:
    if request.by is not By.CLICK or known.lag90 is None:
        return []
    zone = parse_zone(request.site.timezone)
    # The first day whose end is younger than the lag of nine conversions in ten.
    growing = local_day(now - known.lag90, zone)
    while day_start(growing + timedelta(days=1), zone) + known.lag90 <= now:
        growing += timedelta(days=1)
    period = Period(request.period.first, request.period.last)
    if growing > period.last or local_day(now, zone) < period.first:
        return []
    days = known.lag90 / timedelta(days=1)
    return [
        Incomplete(
            "too_early",
            "conversions",
            max(growing, period.first).isoformat(),
            min(period.last, local_day(now, zone)).isoformat(),
            f"One conversion in ten comes more than {days:.1f} days after the click; "
            "these days are still growing.",
        )
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
