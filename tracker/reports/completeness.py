"""How far a report can be trusted: what could not be joined, and what may still change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict

from sqlalchemy import Engine

from tracker.accounts.marks import dirty_days
from tracker.accounts.sites import Site
from tracker.attribution.journeys import Cell
from tracker.money import decimal_text
from tracker.period import Period, day_start, local_day, parse_zone
from tracker.reports.keyword_table import KeywordSums
from tracker.reports.published import Published, lean
from tracker.reports.request import By, KeywordRequest, Model
from tracker.reports.result import Coverage, Incomplete
from tracker.reports.roi import MICRO
from tracker.spend.health import HealthDeps, missing_days
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: The first and the last of days that follow each other.
Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Maturity:
    """``lag90``: 90th percentile of the time from touch to conversion; ``valued``: conversions
    that ever had a value."""

    lag90: timedelta | None
    valued: int


def maturity(warehouse: Warehouse, request: KeywordRequest, state: Published) -> Maturity:
    """That of the whole history of the site and goal: it follows from the credit that stands, so it
    is read once for the newest of it."""
    key = ("maturity", request.site.key, request.goal, state.of("credits").newest)
    return warehouse.remembered.get(key, lambda: (_maturity(warehouse, request, state),))[0]


def _maturity(warehouse: Warehouse, request: KeywordRequest, state: Published) -> Maturity:
    earned = state.of("credits")
    params = {
        "site": request.site.key,
        "goal": request.goal,
        "credit_builds": earned.every,
        "older_credits": earned.older,
    }
    lag, valued = warehouse.rows(*lean(load_sql(PACKAGE, "maturity.sql"), params))[0]
    return Maturity(None if lag is None else timedelta(milliseconds=int(lag)), int(valued))


def coverage(
    warehouse: Warehouse,
    request: KeywordRequest,
    asof: int,
    sums: KeywordSums,
    dealt: Sequence[Cell],
) -> Coverage:
    """Shares that could be joined. Of the markov model the whole credit is ``dealt``.

    The shares of conversions and value are those of the site, whatever the report is filtered by.
    """
    if not request.filtered:
        earned = _earned(sums)
    elif request.model is Model.MARKOV:
        earned = _of_cells(dealt)
    else:
        earned = _joined(warehouse, request, asof)
    total, joined = sums.now, sums.joined
    return Coverage(
        conversions=_share(earned.joined_weight, earned.weight),
        value=None if earned.unpriced else _share(earned.joined_amount, earned.amount),
        paid_visits=_share(joined.paid_visits, total.paid_visits),
        cost=None if total.unpriced_cost else _share(joined.cost, total.cost),
    )


def joined_shares(warehouse: Warehouse, request: KeywordRequest, asof: int) -> Coverage:
    """The shares of the site's conversions and value alone, whatever a report is filtered by."""
    earned = _joined(warehouse, request, asof)
    return Coverage(
        conversions=_share(earned.joined_weight, earned.weight),
        value=None if earned.unpriced else _share(earned.joined_amount, earned.amount),
        paid_visits=None,
        cost=None,
    )


@dataclass(frozen=True, slots=True)
class Earned:
    """Credit, and the part of it that has a touch. Weights of 1e-9, amounts of 1e-6."""

    weight: int
    joined_weight: int
    amount: int
    joined_amount: int
    unpriced: int


def _earned(sums: KeywordSums) -> Earned:
    """What an unfiltered report says itself."""
    return Earned(
        weight=sums.now.weight,
        joined_weight=sums.joined.weight,
        amount=sums.now.amount,
        joined_amount=sums.joined.amount,
        unpriced=sums.now.unpriced_value,
    )


def _of_cells(cells: Sequence[Cell]) -> Earned:
    touched = [cell for cell in cells if cell.source_key]
    return Earned(
        weight=sum(cell.weight for cell in cells),
        joined_weight=sum(cell.weight for cell in touched),
        amount=sum(cell.amount for cell in cells),
        joined_amount=sum(cell.amount for cell in touched),
        unpriced=sum(cell.unpriced for cell in cells),
    )


def _joined(warehouse: Warehouse, request: KeywordRequest, asof: int) -> Earned:
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
    )
    return Earned(**found[0])


def not_there_yet(
    warehouse: Warehouse,
    db: Engine,
    request: KeywordRequest,
    beside: Period | None,
    now: datetime,
) -> list[Incomplete]:
    """What the report lacks, and the period ``beside`` that it compares with. Ask before its state
    is read: what is rebuilt meanwhile is then named although it is there, and not the other way
    round."""
    return [*_missing_spend(warehouse, db, request, beside, now), *_waiting(db, request)]


def incomplete(
    warehouse: Warehouse,
    request: KeywordRequest,
    beside: Period | None,
    state: Published,
    sums: KeywordSums,
    known: Maturity,
    lacking: list[Incomplete],
    now: datetime,
) -> list[Incomplete]:
    """Everything that makes a number of the report provisional, worst first; ``beside`` is the
    period that it compares with, ``lacking`` what was not there yet when its state was read."""
    shown = [(request.period, sums.now), *([(beside, sums.before)] if beside else [])]
    unpriced = [days for days, of in shown if of.unpriced_cost or of.unpriced_value]
    untracked = sums.now.untracked_cost
    undated = _undated(warehouse, request, beside, state)
    return [
        *(_missing_rates(warehouse, request, unpriced, state.asof) if unpriced else ()),
        *lacking,
        *(item for item in undated if item.kind == "partial_period"),
        *(_untracked(warehouse, request, state.asof, untracked) if untracked else ()),
        *_too_early(request, known, now),
        *(item for item in undated if item.kind == "period_total"),
    ]


def _missing_rates(
    warehouse: Warehouse, request: KeywordRequest, periods: Sequence[Period], asof: int
) -> list[Incomplete]:
    return missing_rates(
        warehouse,
        request.site,
        asof,
        spent=[(one.first, one.last) for one in periods],
        **credited_days(periods, request.by),
    )


class CreditedDays(TypedDict, total=False):
    """Days of conversions, or of their touches."""

    earned: Sequence[Days]
    touched: Sequence[Days]


def credited_days(periods: Sequence[Period], by: By) -> CreditedDays:
    """The days of conversions that count in these periods: by click those of their touches."""
    days = [(one.first, one.last) for one in periods]
    return {"touched": days} if by is By.CLICK else {"earned": days}


def missing_rates(
    warehouse: Warehouse,
    site: Site,
    asof: int,
    *,
    spent: Sequence[Days] = (),
    earned: Sequence[Days] = (),
    touched: Sequence[Days] = (),
) -> list[Incomplete]:
    """The exchange rates that the cost of these days lacks, and the conversions of these days or
    with a touch on them."""
    days = {"spent": list(spent), "earned": list(earned), "touched": list(touched)}
    rows = warehouse.rows(
        load_sql(PACKAGE, "missing_rates.sql"), {"site": site.key, "asof": asof, **days}
    )
    return [missing_rate(site, what, *row) for what, *row in rows]


def missing_rate(site: Site, what: str, currency: str, first: date, last: date) -> Incomplete:
    """That a rate into the site's currency is missing on some of these days."""
    return Incomplete(
        "missing_rate",
        f"{currency}/{site.currency}",
        first.isoformat(),
        last.isoformat(),
        f"No exchange rate {currency} to {site.currency} for {what}; "
        "the amounts that need it, and their totals, are unknown.",
    )


def _missing_spend(
    warehouse: Warehouse,
    db: Engine,
    request: KeywordRequest,
    beside: Period | None,
    now: datetime,
) -> list[Incomplete]:
    """Sources that failed, and days that a stored connection should have brought."""
    first, last = request.period.first.isoformat(), request.period.last.isoformat()
    found = []
    shown = [request.period, *([beside] if beside else [])]
    for one in missing_days(HealthDeps(warehouse, db, now), request.site, *shown):
        if request.platform not in ("", one.platform):
            continue
        detail = f"{one.platform} {one.account}: {one.detail}"
        if one.kind == "source_failed":
            found.append(Incomplete("failed_source", one.platform, first, last, detail))
        else:
            days = (one.first or first, one.last or last)
            found.append(Incomplete("days_missing", one.platform, *days, detail))
    return found


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


def _undated(
    warehouse: Warehouse, request: KeywordRequest, beside: Period | None, state: Published
) -> list[Incomplete]:
    """Spend of several days together: what a period shown does not hold whole is in none of its
    figures, and what it holds cannot be told by day."""
    found = []
    for first, last, platform in _period_rows(warehouse, request, state):
        if request.platform not in ("", platform):
            continue
        touched = [one for one in (request.period, beside) if one and one.touches(first, last)]
        days = (first.isoformat(), last.isoformat())
        if touched and all(one.holds(first, last) for one in touched):
            detail = f"{platform}: cost without days; it stands on the first of them."
            found.append(Incomplete("period_total", platform, *days, detail))
        elif touched:
            detail = f"{platform}: cost without days that reach beyond the period is left out."
            found.append(Incomplete("partial_period", platform, *days, detail))
    return found


def _period_rows(
    warehouse: Warehouse, request: KeywordRequest, state: Published
) -> list[tuple[date, date, str]]:
    """Those of the whole history of the site: they follow from the spend that stands, so they are
    read once for the newest of it."""
    spend = state.of("spend")
    params = {
        "site": request.site.key,
        "spend_builds": spend.every,
        "older_spend": spend.older,
    }
    return warehouse.remembered.get(
        ("period_rows", request.site.key, spend.newest),
        lambda: warehouse.rows(*lean(load_sql(PACKAGE, "period_rows.sql"), params)),
    )


def _untracked(
    warehouse: Warehouse, request: KeywordRequest, asof: int, cost: int
) -> list[Incomplete]:
    found = warehouse.rows(
        load_sql(PACKAGE, "first_day.sql"), {"site": request.site.key, "asof": asof}
    )
    since = f"tracking began on {found[0][0]}" if found else "no visit was ever seen"
    return [
        Incomplete(
            "untracked_spend",
            "visits",
            request.period.first.isoformat(),
            request.period.last.isoformat(),
            f"{decimal_text(MICRO * cost)} {request.site.currency} was spent on "
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
