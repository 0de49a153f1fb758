"""The keyword report: what each keyword costs and brings. The CLI, the API and the pages call it.

It reads one published state (``keyword_reader``), so that a rebuild cannot mix into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.completeness import coverage, incomplete, maturity
from tracker.reports.data_driven_rows import pooled
from tracker.reports.keyword_reader import Reader, brand_terms
from tracker.reports.keyword_table import KeywordSums, RowKey
from tracker.reports.request import KeywordRequest
from tracker.reports.result import KeywordReport, Metrics, Point, Previous, Row
from tracker.reports.roi import MICRO, NANO, Economics, Sums, metrics
from tracker.warehouse.client import Warehouse

#: Statements of one report that run beside the first.
AT_ONCE = 3


def keyword_report(
    warehouse: Warehouse, db: Engine, request: KeywordRequest, *, clock: Clock = utc_now
) -> KeywordReport:
    """The report that ``request`` asks for; synchronous, so call it in a worker thread.

    InvalidInput for what cannot be computed, Unavailable while the warehouse is away.
    """
    reader = Reader(warehouse, request)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        growing = threads.submit(maturity, warehouse, request, reader.state)
        table, days = reader.read(threads)
        known = growing.result()
    economics = Economics(request.site.margin, known.valued > 0)
    sums = KeywordSums(
        lines=reader.chosen(table, economics),
        count=len(table),
        now=table.totals(),
        before=table.totals("before_"),
        joined=table.joined(),
        days=days,
    )
    rows = _rows(reader, sums, economics, request)
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
        row_count=sums.count,
        rows=rows,
        totals=metrics(sums.now, economics),
        previous=_previous(request, sums, economics),
        trend=_trend(request.period, sums),
        coverage=coverage(warehouse, request, reader.asof, sums),
        incomplete=[
            *incomplete(warehouse, db, request, reader.asof, sums, known, clock()),
            *pooled(rows, request.period),
        ],
    )


def _rows(
    reader: Reader, sums: KeywordSums, economics: Economics, request: KeywordRequest
) -> list[Row]:
    terms = brand_terms(request)
    names = reader.names(line.key.keyword_key for line in sums.lines)
    return [
        _row(
            line.key,
            names.get(line.key.keyword_key, {}),
            metrics(line.now, economics),
            metrics(line.before, economics) if request.compare else None,
            terms,
            reader.levels.get(line.key.keyword_key),
        )
        for line in sums.lines
    ]


def _row(
    key: RowKey,
    name: Mapping[str, Any],
    now: Metrics,
    before: Metrics | None,
    terms: Sequence[str],
    level: str | None,
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
        credit_level=level,
        previous=before,
        **{field: getattr(now, field) for field in Metrics.__struct_fields__},
    )


def _previous(request: KeywordRequest, sums: KeywordSums, economics: Economics) -> Previous | None:
    if not request.compare:
        return None
    period = request.period.previous()
    return Previous(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        totals=metrics(sums.before, economics),
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
