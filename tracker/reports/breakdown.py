"""A breakdown: any metrics by any chain of dimensions. The API, the command and the page call it.

Each fact is one statement over one published state (``statement.py``); their rows are merged by the
values of the dimensions. What a fact cannot say by a dimension stands in rows that name it as
``unallocated``, so that the rows of every breakdown add up to the same totals. Distinct counts
(arrived clicks, assisted conversions) are counted once in each row and once in the totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.goals import list_goals
from tracker.errors import InvalidInput, WarehouseError
from tracker.period import Period
from tracker.reports.breakdown_people import expectations, stage_parameters, tag_parameters
from tracker.reports.breakdown_request import BreakdownRequest
from tracker.reports.completeness import incomplete, joined_shares, maturity
from tracker.reports.conditions import tests_of
from tracker.reports.dimensions import Fact
from tracker.reports.goal_names import by_id
from tracker.reports.keyword_reader import normal_form, used_by
from tracker.reports.keyword_table import Joined, KeywordSums
from tracker.reports.measures import METRICS, PLAIN, Figures, Value
from tracker.reports.plan import SOURCES, Reading, lacking, readings
from tracker.reports.published import published
from tracker.reports.request import By, KeywordRequest
from tracker.reports.result import Coverage, Incomplete
from tracker.reports.roi import Economics, Sums
from tracker.reports.statement import statement
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: More rows than this are refused: a narrower question reads better, and memory has an end.
MOST_ROWS = 200_000
AT_ONCE = 3
#: The engine's number for a regular expression that it cannot compile.
_BAD_PATTERN = 427

#: Values of the chain; None where the fact does not know the dimension.
Key = tuple[str | None, ...]
Rows = dict[Key, dict[str, int]]


class BreakdownRow(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` are null where not known; for the dimensions in ``unallocated`` they cannot be:
    the row holds what is measured without them, such as cost by country."""

    values: dict[str, str | None]
    unallocated: list[str]
    metrics: dict[str, Value]
    previous: dict[str, Value] | None = None


class Compared(msgspec.Struct, frozen=True):
    """The period beside it, and its totals."""

    kind: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    totals: dict[str, Value]


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """The report. ``coverage`` has the shares of the site's conversions and their value in the
    period that could be joined to a source, where conversions are asked for; ``read_from`` names
    the table that answered for each fact."""

    site: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    model: str
    by: str
    goal: str
    currency: str
    group: tuple[str, ...]
    filter: str
    sort: str
    order: str
    row_count: int
    rows: list[BreakdownRow]
    totals: dict[str, Value]
    previous: Compared | None
    coverage: Coverage | None
    read_from: dict[str, str]
    incomplete: list[Incomplete]


@dataclass(frozen=True, slots=True)
class _Read:
    """What one period has: rows by the chain's values, and totals."""

    rows: Rows
    totals: dict[str, int]


def breakdown(
    warehouse: Warehouse, db: Engine, request: BreakdownRequest, *, clock: Clock = utc_now
) -> Breakdown:
    """The report that ``request`` asks for; synchronous, so call it in a worker thread.

    InvalidInput for what cannot be computed, Unavailable while the warehouse is away.
    """
    _check_patterns(warehouse, request)
    names = {goal.id: goal.name for goal in list_goals(db, request.site.key)}
    if request.condition:
        request = replace(request, condition=by_id(request.condition, names))
    reader = _Reader(warehouse, db, request, clock())
    usual = _keyword_request(request)
    beside = request.compare.period(request.period)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        growing = threads.submit(maturity, warehouse, usual, reader.state)
        joined = threads.submit(reader.coverage, usual)
        now = reader.read(request.period, threads)
        before = reader.read(beside, threads) if beside else None
        known = growing.result()
        covered = joined.result()
    writer = _Writer(request, reader, Economics(request.site.margin, known.valued > 0))
    keys = writer.ordered(now, before)
    end = request.offset + request.limit if request.limit else None
    sums = _completeness_sums(now, before)
    return Breakdown(
        site=request.site.key,
        first=request.period.first.isoformat(),
        last=request.period.last.isoformat(),
        model=request.model,
        by=request.by,
        goal=request.goal,
        currency=request.site.currency,
        group=request.group,
        filter=request.filter,
        sort=request.sort,
        order="desc" if request.descending else "asc",
        row_count=len(keys),
        rows=[writer.row(key, now, before, names) for key in keys[request.offset : end]],
        totals=writer.metrics(now.totals),
        previous=_compared(request, beside, writer, before),
        coverage=covered,
        read_from={str(one.fact): SOURCES[one.fact] for one in reader.readings},
        incomplete=[
            *incomplete(warehouse, db, usual, reader.asof, sums, known, clock()),
            *reader.unknown(),
        ],
    )


def _check_patterns(warehouse: Warehouse, request: BreakdownRequest) -> None:
    """InvalidInput for a regular expression of the filter that the engine cannot read."""
    for test in tests_of(request.condition):
        for pattern in test.values if test.operator == "matches" else ():
            try:
                warehouse.rows(load_sql(PACKAGE, "breakdown_pattern.sql"), {"pattern": pattern})
            except WarehouseError as error:
                if error.engine_code != _BAD_PATTERN:
                    raise
                raise InvalidInput(
                    f"The filter's regular expression {pattern!r} cannot be read.",
                    hint="The syntax is RE2's.",
                ) from error


class _Reader:
    """The statements of a breakdown over one published state."""

    def __init__(
        self, warehouse: Warehouse, db: Engine, request: BreakdownRequest, now: datetime
    ) -> None:
        self._warehouse = warehouse
        self._request = request
        filtered = [test.dimension for test in tests_of(request.condition)]
        self._asked = tuple(dict.fromkeys((*request.group, *filtered)))
        self._filtered = tuple(dict.fromkeys(filtered))
        self._of_goals = not {"goal", "stage"}.isdisjoint(self._asked)
        wanted = [one for name in request.metrics for one in METRICS[name].measures]
        # Whether an amount is whole is read with it, whatever metric asks for it.
        if set(wanted) & {"cost", "clicks", "impressions", "adjusted"}:
            wanted += ["cost", "unpriced_cost", "untracked_cost", "spend_rows"]
        beside = request.compare.period(request.period) or request.period
        days = (beside.first, beside.last, request.period.first, request.period.last)
        self.state = published(warehouse, request.site.key, Period(min(days), max(days)))
        self.asof = self.state.asof
        self._known = stage_parameters(db, request.site, wanted)
        if "person_tag" in self._asked:
            self._known |= tag_parameters(warehouse, db, request.site)
        if "expected" in wanted:
            worth = expectations(warehouse, db, request.site, self.asof, now)
            wanted = wanted if worth else [one for one in wanted if one != "expected"]
            self._known |= worth or {}
        self.readings: list[Reading] = readings(wanted, self._asked)

    def read(self, period: Period, threads: Executor) -> _Read:
        """Every row of a period, by statements that run at once."""
        params = self._params(period)
        running = [threads.submit(self._one, reading, params) for reading in self.readings]
        rows: Rows = {}
        totals: dict[str, int] = {}
        for reading, result in zip(self.readings, (one.result() for one in running), strict=True):
            for is_total, *values in result:
                key: Key = tuple(values[: len(self._request.group)])
                row = totals if is_total else rows.setdefault(key, {})
                row.update(zip(reading.measures, values[len(key) :], strict=True))
        if not self._request.group and any(totals.values()):
            rows[()] = totals
        return _Read(rows, totals)

    def coverage(self, request: KeywordRequest) -> Coverage | None:
        """What could be joined, of the whole site; None where no conversion is asked for."""
        if not any(reading.fact is Fact.CREDIT for reading in self.readings):
            return None
        return joined_shares(self._warehouse, request, self.asof)

    def unknown(self) -> list[Incomplete]:
        """What the facts that were read cannot say by the dimensions asked for."""
        period = self._request.period
        days = (period.first.isoformat(), period.last.isoformat())
        found = []
        for reading in self.readings:
            for name in lacking(reading.fact, self._asked):
                what = SOURCES[reading.fact]
                is_filter = name in self._filtered
                found.append(
                    Incomplete(
                        "left_out" if is_filter else "unallocated",
                        f"{what}: {name}",
                        *days,
                        f"What {what} has is not known by {name}; "
                        + (
                            "the filter leaves it out."
                            if is_filter
                            else "it stands on rows marked unallocated."
                        ),
                    )
                )
            found += self._partly(reading.fact, days)
        return found

    def _partly(self, fact: Fact, days: tuple[str, str]) -> list[Incomplete]:
        """Filters that hold for a part of the spend only, as the rest does not say."""
        if fact not in (Fact.SPEND, Fact.SPEND_DAYS):
            return []
        return [
            Incomplete(
                "partly_left_out",
                f"{SOURCES[fact]}: {name}",
                *days,
                f"What {SOURCES[fact]} has without a {name} is left out by the filter.",
            )
            for name in dict.fromkeys(self._filtered)
            if name == "device"
        ]

    def is_read(self, metric: str) -> bool:
        """Whether every measure of a metric could be read."""
        known = {one for reading in self.readings for one in reading.measures}
        return known.issuperset(METRICS[metric].measures)

    def _one(self, reading: Reading, params: Mapping[str, object]) -> list[tuple[Any, ...]]:
        made = statement(reading, self._request.group, self._request.condition)
        given = {**params, **made.values}
        if reading.fact is Fact.ASSISTS:
            # Every touch has a weight under this model, whatever the report's is.
            given["model"] = "linear"
        found = self._warehouse.rows(made.sql, used_by(made.sql, given))
        if len(found) > MOST_ROWS:
            raise InvalidInput(
                f"The report has more than {MOST_ROWS} rows.",
                hint="Choose fewer dimensions, a shorter period or a filter.",
            )
        return found

    def _params(self, period: Period) -> dict[str, object]:
        request = self._request
        params: dict[str, object] = self._known | {
            **self.state.parameters(),
            "site": request.site.key,
            "first": period.first,
            "last": period.last,
            "shift": (request.period.first - period.first).days,
            "zone": request.site.timezone,
            "model": str(request.model),
            "goal": request.goal,
            "every": bool(request.goal) or self._of_goals,
            "by_click": request.by is By.CLICK,
            "platform": "",
            "brand": [term for term in map(normal_form, request.site.brand_terms) if term],
            "most": MOST_ROWS + 2,
        }
        return params | self._tracked(params, period)

    def _tracked(self, params: Mapping[str, object], period: Period) -> dict[str, object]:
        """On which days of the period nothing was tracked, for cost that no visit can answer."""
        if not any("untracked_cost" in reading.measures for reading in self.readings):
            return {}
        sql = load_sql(PACKAGE, "keyword_days.sql")
        lines = self._warehouse.dicts(sql, used_by(sql, params))
        visited = {line["day"] for line in lines if line["all_visits"]}
        spent = {line["day"] for line in lines if line["spend_rows"]}
        return {
            "untracked": sorted(spent - visited),
            "tracked_from": min(visited, default=period.last + timedelta(days=1)),
        }


class _Writer:
    """Rows in order and their metrics."""

    def __init__(self, request: BreakdownRequest, reader: _Reader, economics: Economics) -> None:
        self._request = request
        self._economics = economics
        self._metrics = [METRICS[name] for name in request.metrics if reader.is_read(name)]

    def metrics(self, measures: Mapping[str, int]) -> dict[str, Value]:
        """Every metric asked for; None for one that no table can give here."""
        figures = Figures(measures, self._economics)
        found: dict[str, Value] = dict.fromkeys(self._request.metrics)
        return found | {one.name: one.formula(figures) for one in self._metrics}

    def row(
        self, key: Key, now: _Read, before: _Read | None, goals: Mapping[str, str]
    ) -> BreakdownRow:
        """One row with its previous figures; goals are called by their names."""
        group = self._request.group
        named = [
            goals.get(value, value) if name == "goal" and value else value
            for name, value in zip(group, key, strict=True)
        ]
        return BreakdownRow(
            values={name: value or None for name, value in zip(group, named, strict=True)},
            unallocated=[name for name, value in zip(group, key, strict=True) if value is None],
            metrics=self.metrics(now.rows.get(key, {})),
            previous=None if before is None else self.metrics(before.rows.get(key, {})),
        )

    def ordered(self, now: _Read, before: _Read | None) -> list[Key]:
        """Every row's key: by a dimension or a metric, undefined ones last either way."""
        request = self._request
        keys = sorted({*now.rows, *(before.rows if before else ())}, key=_sortable)
        if request.sort in request.group:
            place = request.group.index(request.sort)
            known = [key for key in keys if key[place]]
            known.sort(key=lambda key: _natural(key[place] or ""), reverse=request.descending)
            return known + [key for key in keys if not key[place]]
        ranks = {key: self._rank(now.rows.get(key, {})) for key in keys}
        defined = [key for key in keys if ranks[key] is not None]
        defined.sort(key=lambda key: ranks[key] or 0, reverse=request.descending)
        return defined + [key for key in keys if ranks[key] is None]

    def _rank(self, measures: Mapping[str, int]) -> Decimal | int | None:
        name = self._request.sort
        if name in PLAIN:
            measure, of_spend = PLAIN[name]
            if of_spend and not measures.get("spend_rows"):
                return None
            return measures.get(measure, 0)
        value = METRICS[name].formula(Figures(measures, self._economics))
        return None if value is None else Decimal(str(value))


def _sortable(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in key)


def _natural(value: str) -> tuple[int, str]:
    """Hours and weekdays in their order."""
    return (int(value), "") if value.isdigit() and len(value) < 4 else (0, value)


def _compared(
    request: BreakdownRequest, period: Period | None, writer: _Writer, before: _Read | None
) -> Compared | None:
    if period is None or before is None:
        return None
    days = (period.first.isoformat(), period.last.isoformat())
    return Compared(str(request.compare), *days, writer.metrics(before.totals))


def _keyword_request(request: BreakdownRequest) -> KeywordRequest:
    """What completeness asks of a report."""
    return KeywordRequest(
        site=request.site,
        period=request.period,
        model=request.model,
        by=request.by,
        goal=request.goal,
    )


def _completeness_sums(now: _Read, before: _Read | None) -> KeywordSums:
    names = Sums.__dataclass_fields__

    def sums(measures: Mapping[str, int]) -> Sums:
        return Sums(**{name: value for name, value in measures.items() if name in names})

    return KeywordSums(
        lines=[],
        count=0,
        now=sums(now.totals),
        before=sums(before.totals if before else {}),
        joined=Joined(0, 0, 0, 0),
        days={},
    )
