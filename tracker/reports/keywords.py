"""The keyword report: what each keyword costs and brings. The CLI, the API and the pages call it.

It reads one published state (``keyword_reader``), so that a rebuild cannot mix into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.errors import InvalidInput
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.completeness import coverage, incomplete, maturity
from tracker.reports.keyword_reader import KeywordSums, Reader, RowKey, brand_terms
from tracker.reports.request import KeywordRequest, Model, Sort
from tracker.reports.result import KeywordReport, Metrics, Point, Previous, Row
from tracker.reports.roi import MICRO, NANO, Economics, Sums, metrics
from tracker.warehouse.client import Warehouse


def keyword_report(
    warehouse: Warehouse, db: Engine, request: KeywordRequest, *, clock: Clock = utc_now
) -> KeywordReport:
    """The report that ``request`` asks for; synchronous, so call it in a worker thread.

    InvalidInput for what cannot be computed, Unavailable while the warehouse is away.
    """
    if request.model is Model.MARKOV:
        raise InvalidInput(
            "The markov model is not available in the keyword report yet.",
            hint="Use one of: " + ", ".join(m for m in Model if m is not Model.MARKOV) + ".",
        )
    reader = Reader(warehouse, request)
    known = maturity(warehouse, request, reader.asof)
    economics = Economics(request.site.margin, known.valued > 0)
    sums = reader.read()
    rows = _rows(reader.names(), sums, economics, request)
    totals = Sums.total(sums.now.values())
    first, last = request.period.first.isoformat(), request.period.last.isoformat()
    return KeywordReport(
        site=request.site.key,
        first=first,
        last=last,
        model=request.model,
        by=request.by,
        currency=request.site.currency,
        margin=decimal_text(request.site.margin, places=0),
        break_even_roas=float(1 / request.site.margin) if request.site.margin else None,
        row_count=len(rows),
        rows=rows[request.offset : request.offset + request.limit or None],
        totals=metrics(totals, economics),
        previous=_previous(request, sums, economics),
        trend=_trend(request.period, sums),
        coverage=coverage(warehouse, request, reader.asof, sums.now),
        incomplete=incomplete(warehouse, db, request, reader.asof, sums, known, clock()),
    )


def _rows(
    names: Mapping[int, Mapping[str, Any]],
    sums: KeywordSums,
    economics: Economics,
    request: KeywordRequest,
) -> list[Row]:
    terms = brand_terms(request)
    rows = [
        _row(
            key,
            names.get(key.keyword_key, {}),
            metrics(sums.now.get(key, Sums()), economics),
            metrics(sums.before.get(key, Sums()), economics) if request.compare else None,
            terms,
        )
        for key in {*sums.now, *sums.before}
    ]
    return _sorted(rows, request)


def _row(
    key: RowKey,
    name: Mapping[str, Any],
    now: Metrics,
    before: Metrics | None,
    terms: Sequence[str],
) -> Row:
    kind = str(name.get("kind", "unattributed"))
    is_keyword = kind == "keyword"
    text = str(name.get("keyword_norm", ""))
    return Row(
        key=key.text,
        kind=kind,
        reason=(str(name.get("reason", "")) or key.reason or None),
        platform=str(name.get("platform", key.platform)) or None,
        account=name.get("account") or None,
        campaign=name.get("campaign") or None,
        ad_group=name.get("ad_group") or None,
        keyword=name["keyword"] if is_keyword else None,
        keyword_id=(name["keyword_id"] or None) if is_keyword else None,
        match_type=(name["match_type"] or None) if is_keyword else None,
        brand=is_keyword and any(term in text for term in terms),
        previous=before,
        **{field: getattr(now, field) for field in Metrics.__struct_fields__},
    )


def _sorted(rows: list[Row], request: KeywordRequest) -> list[Row]:
    """By the column asked for, undefined values last either way, then by key."""
    column = str(request.sort)

    def value(row: Row) -> Decimal | str | None:
        raw = getattr(row, column)
        if raw is None or request.sort is Sort.KEYWORD:
            return None if raw is None else str(raw)
        return Decimal(str(raw))

    rows.sort(key=lambda row: row.key)
    defined = [row for row in rows if value(row) is not None]
    defined.sort(key=value, reverse=request.descending)  # type: ignore[arg-type]
    return defined + [row for row in rows if value(row) is None]


def _previous(request: KeywordRequest, sums: KeywordSums, economics: Economics) -> Previous | None:
    if not request.compare:
        return None
    period = request.period.previous()
    return Previous(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        totals=metrics(Sums.total(sums.before.values()), economics),
    )


def _trend(period: Period, sums: KeywordSums) -> list[Point]:
    """Every day of the period, days on which nothing happened too."""
    days = (period.first + timedelta(days=n) for n in range(period.days))
    return [_point(day, sums.days.get(day, Sums())) for day in days]


def _point(day: date, sums: Sums) -> Point:
    spent = sums.spend_rows > 0
    return Point(
        day=day.isoformat(),
        cost=decimal_text(MICRO * sums.cost) if spent and not sums.unpriced_cost else None,
        visits=sums.visits,
        clicks=sums.clicks if spent else None,
        conversions=decimal_text(NANO * sums.weight, places=0) or "0",
        revenue=None if sums.unpriced_value else decimal_text(MICRO * sums.amount),
    )
