"""The keyword report: what each keyword costs and brings. The CLI, the API and the pages call it.

It reads one published state (``keyword_reader``), so that a rebuild cannot mix into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.pipeline import pipeline_of
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.completeness import coverage, incomplete, maturity, not_there_yet
from tracker.reports.data_driven_rows import pooled
from tracker.reports.keyword_index import Name, RowKey
from tracker.reports.keyword_reader import Reader
from tracker.reports.keyword_table import KeywordSums
from tracker.reports.names import brand_terms
from tracker.reports.request import KeywordRequest
from tracker.reports.result import KeywordReport, Metrics, Point, Previous, Row
from tracker.reports.roi import MICRO, NANO, Economics, Sums, metrics
from tracker.warehouse.client import Warehouse


def keyword_report(
    warehouse: Warehouse, db: Engine, request: KeywordRequest, *, clock: Clock = utc_now
) -> KeywordReport:
    """The report that ``request`` asks for; synchronous, so call it in a worker thread.

    InvalidInput for what cannot be computed, Unavailable while the warehouse is away.
    """
    threads, now = warehouse.threads, clock()
    beside = request.period.previous() if request.compare else None
    lacking = threads.submit(not_there_yet, warehouse, db, request, beside, now)
    reader = Reader(warehouse, request, pipeline_of(db, request.site.key))
    growing = threads.submit(maturity, warehouse, request, reader.state)
    table, days = reader.read(threads)
    known = growing.result()
    has_own = bool(request.site.settings.group_margins) or table.has_own()
    economics = Economics(request.site.margin, known.valued > 0, has_own=has_own)
    of_period, before = table.totals()
    sums = KeywordSums(
        lines=reader.chosen(table, economics),
        count=len(table),
        now=of_period,
        before=before,
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
        own_margins=has_own,
        break_even_roas=economics.break_even(sums.now),
        row_count=sums.count,
        rows=rows,
        totals=metrics(sums.now, economics),
        previous=_previous(request, sums, economics),
        trend=_trend(request.period, sums),
        coverage=coverage(warehouse, request, reader.asof, sums, reader.dealt),
        incomplete=[
            *incomplete(
                *(warehouse, request, beside, reader.state, sums, known, lacking.result(), now)
            ),
            *pooled(rows, request.period),
        ],
    )


def _rows(
    reader: Reader, sums: KeywordSums, economics: Economics, request: KeywordRequest
) -> list[Row]:
    terms = brand_terms(request.site)
    return [
        _row(
            line.key,
            reader.names.get(line.key.keyword_key),
            metrics(line.now, economics),
            metrics(line.before, economics) if request.compare else None,
            terms,
            reader.levels.get(line.key.keyword_key),
        )
        for line in sums.lines
    ]


def _row(
    key: RowKey,
    name: Name | None,
    now: Metrics,
    before: Metrics | None,
    terms: Sequence[str],
    level: str | None,
) -> Row:
    keyword = name if name and name.kind == "keyword" else None
    return Row(
        key=key.text,
        kind=name.kind if name else "unattributed",
        reason=(name.reason if name else "") or key.reason or None,
        platform=(name.platform if name else key.platform) or None,
        account=(name.account if name else "") or None,
        campaign=(name.campaign if name else "") or None,
        ad_group=(name.ad_group if name else "") or None,
        keyword=keyword.keyword if keyword else None,
        keyword_id=(keyword.keyword_id or None) if keyword else None,
        match_type=(keyword.match_type or None) if keyword else None,
        brand=keyword is not None and any(term in keyword.keyword_norm for term in terms),
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
