"""The keyword report: what each keyword costs and brings. The CLI, the API and the pages call it.

All its queries read one published state (``asof``, the highest build when the report begins), so
a rebuild that publishes meanwhile cannot mix into it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.errors import InvalidInput
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.completeness import coverage, incomplete, maturity
from tracker.reports.request import By, KeywordRequest, Model, Sort
from tracker.reports.result import KeywordReport, Metrics, Point, Previous, Row
from tracker.reports.roi import MICRO, NANO, Economics, Sums, metrics
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"


def keyword_report(
    warehouse: Warehouse, db: Engine, request: KeywordRequest, *, clock: Clock = utc_now
) -> KeywordReport:
    """The report that ``request`` asks for; synchronous, so call it in a worker thread.

    InvalidInput for what cannot be computed, Unavailable while the warehouse is away.
    """
    if request.model is Model.MARKOV:
        raise InvalidInput(
            "The markov model distributes conversions over channels, not over keywords.",
            hint="Use one of: " + ", ".join(m for m in Model if m is not Model.MARKOV) + ".",
        )
    reader = _Reader(warehouse, request, _asof(warehouse, request.site.key))
    known = maturity(warehouse, request, reader.asof)
    economics = Economics(request.site.margin, known.valued > 0)
    sums = reader.sums(request.period)
    before = reader.sums(request.period.previous()) if request.compare else None
    rows = _rows(reader.names(), sums, before, economics, request)
    totals = Sums.total(sums.values())
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
        previous=_previous(request, before, economics),
        trend=reader.trend(),
        coverage=coverage(warehouse, request, reader.asof, sums),
        incomplete=incomplete(warehouse, db, request, reader.asof, totals, known, clock()),
    )


@dataclass(frozen=True, slots=True)
class RowKey:
    """A keyword, or (0, platform, reason) of what could not be given to one."""

    keyword_key: int
    platform: str
    reason: str

    @property
    def text(self) -> str:
        """The row's ``key`` in JSON: stable between reports."""
        if self.keyword_key:
            return f"k{self.keyword_key:016x}"
        return f"u:{self.platform}:{self.reason}"


class _Reader:
    """The report's queries over one published state."""

    def __init__(self, warehouse: Warehouse, request: KeywordRequest, asof: int) -> None:
        self._warehouse = warehouse
        self._request = request
        self.asof = asof

    def sums(self, period: Period) -> dict[RowKey, Sums]:
        """Measures of each row."""
        found: dict[RowKey, Sums] = {}
        for line in self._warehouse.dicts(self._sql("keyword_rows.sql"), self._params(period)):
            key = RowKey(
                int(line.pop("keyword_key")),
                str(line.pop("reason_platform")),
                str(line.pop("reason")),
            )
            found[key] = Sums(**{name: int(value) for name, value in line.items()})
        return found

    def trend(self) -> list[Point]:
        """Every day of the period, days on which nothing happened too."""
        period = self._request.period
        lines = self._warehouse.dicts(self._sql("keyword_days.sql"), self._params(period))
        by_day = {line["day"]: line for line in lines}
        days = (period.first + timedelta(days=n) for n in range(period.days))
        return [_point(day, by_day.get(day)) for day in days]

    def names(self) -> dict[int, dict[str, Any]]:
        """What each keyword is called."""
        lines = self._warehouse.dicts(
            load_sql(PACKAGE, "keyword_names.sql"),
            {"site": self._request.site.key, "asof": self.asof},
        )
        return {int(line["keyword_key"]): line for line in lines}

    def _sql(self, name: str) -> str:
        return f"{load_sql(PACKAGE, 'keyword_facts.sql')}\n{load_sql(PACKAGE, name)}"

    def _params(self, period: Period) -> Mapping[str, object]:
        request = self._request
        return {
            "site": request.site.key,
            "asof": self.asof,
            "first": period.first,
            "last": period.last,
            "model": str(request.model),
            "goal": request.goal,
            "by_click": request.by is By.CLICK,
            "platform": request.platform,
            "search": normal_form(request.search),
            "brand": str(request.brand),
            "brand_terms": brand_terms(request),
        }


def normal_form(text: str) -> str:
    """The form in which names are compared: width folded, lower case, single spaces, trimmed."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def brand_terms(request: KeywordRequest) -> list[str]:
    """The site's brand terms in normal form."""
    return [term for term in map(normal_form, request.site.brand_terms) if term]


def _asof(warehouse: Warehouse, site: str) -> int:
    found = warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": site})
    return int(found[0][0])


def _rows(
    names: Mapping[int, Mapping[str, Any]],
    sums: Mapping[RowKey, Sums],
    before: Mapping[RowKey, Sums] | None,
    economics: Economics,
    request: KeywordRequest,
) -> list[Row]:
    terms = brand_terms(request)
    keys = set(sums) | set(before or {})
    rows = [
        _row(
            key,
            names.get(key.keyword_key, {}),
            metrics(sums.get(key, Sums()), economics),
            None if before is None else metrics(before.get(key, Sums()), economics),
            terms,
        )
        for key in keys
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


def _previous(
    request: KeywordRequest, before: Mapping[RowKey, Sums] | None, economics: Economics
) -> Previous | None:
    if before is None:
        return None
    period = request.period.previous()
    return Previous(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        totals=metrics(Sums.total(before.values()), economics),
    )


def _point(day: date, line: Mapping[str, Any] | None) -> Point:
    if line is None:
        return Point(day.isoformat(), None, 0, None, "0", "0.00")
    spent = line["spend_rows"] > 0
    return Point(
        day=day.isoformat(),
        cost=decimal_text(MICRO * line["cost"]) if spent and not line["unpriced_cost"] else None,
        visits=line["visits"],
        clicks=line["clicks"] if spent else None,
        conversions=decimal_text(NANO * line["weight"], places=0) or "0",
        revenue=None if line["unpriced_value"] else decimal_text(MICRO * line["amount"]),
    )
