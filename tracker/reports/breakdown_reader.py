"""What a breakdown reads: its statements over one published state, and their rows merged."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from tracker.errors import InvalidInput, WarehouseError
from tracker.period import Period
from tracker.reports.breakdown_people import (
    expectations,
    stage_parameters,
    tag_parameters,
    valued_roles,
)
from tracker.reports.breakdown_request import BreakdownRequest
from tracker.reports.completeness import joined_shares
from tracker.reports.conditions import naming, read_filter, tests_of
from tracker.reports.dimensions import Fact
from tracker.reports.keyword_facts import tracking
from tracker.reports.measures import METRICS
from tracker.reports.names import brand_terms
from tracker.reports.plan import SOURCES, Reading, lacking, readings
from tracker.reports.published import lean, published
from tracker.reports.request import By, KeywordRequest
from tracker.reports.result import Coverage, Incomplete
from tracker.reports.statement import statement
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: More rows than this are refused: a narrower question reads better, and memory has an end.
MOST_ROWS = 200_000
#: The engine's number for a regular expression that it cannot compile.
_BAD_PATTERN = 427
_OVERLAPPING_ROWS = (
    "A row of a goal or stage has all of it; the totals count a lead, and what it brought, once, "
    "and goals that count in totals alone. The rows do not add up to the totals."
)
_OVERLAPPING_FILTER = (
    "The filter may name several goals or stages: what a lead or visit reached of them is added up."
)
_UNTOLD_TERMS = (
    "A visit has a search term only where its address or referrer tells it; other visits and their "
    "conversions stand on the row without one. A search term may have brought more than it shows."
)

#: Values of the chain; None where the fact does not know the dimension.
Key = tuple[str | None, ...]
Rows = dict[Key, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Read:
    """What one period has: rows by the chain's values, and totals."""

    rows: Rows
    totals: dict[str, int]


def check_patterns(warehouse: Warehouse, request: BreakdownRequest) -> None:
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


class BreakdownReader:
    """The statements of a breakdown over one published state."""

    def __init__(
        self, warehouse: Warehouse, db: Engine, request: BreakdownRequest, now: datetime
    ) -> None:
        self._warehouse = warehouse
        self._request = request
        filtered = [test.dimension for test in tests_of(request.condition)]
        self._asked = tuple(dict.fromkeys((*request.group, *filtered)))
        self._filtered = tuple(dict.fromkeys(filtered))
        wanted = [one for name in request.metrics for one in METRICS[name].measures]
        # Whether an amount is whole is read with it, whatever metric asks for it.
        if set(wanted) & {"cost", "clicks", "impressions", "adjusted"}:
            wanted += ["cost", "unpriced_cost", "untracked_cost", "spend_rows"]
        beside = request.compare.period(request.period) or request.period
        days = (beside.first, beside.last, request.period.first, request.period.last)
        self.state = published(warehouse, request.site.key, min(days), max(days))
        self.asof = self.state.asof
        stages = stage_parameters(db, request.site, wanted)
        self.valued_roles = valued_roles(warehouse, request.site, self.state, stages)
        self._known: dict[str, object] = {**stages}
        self._lacking: list[Incomplete] = []
        if "person_tag" in self._asked:
            self._known |= tag_parameters(warehouse, db, request.site)
        if "expected" in wanted:
            worth, self._lacking = expectations(warehouse, db, request.site, self.asof, now)
            wanted = wanted if worth else [one for one in wanted if one != "expected"]
            self._known |= worth
        self.readings: list[Reading] = readings(wanted, self._asked)

    def read(self, period: Period, threads: Executor) -> Read:
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
        return Read(rows, totals)

    def coverage(self, request: KeywordRequest) -> Coverage | None:
        """What could be joined, of the whole site; None where no conversion is asked for."""
        if not any(reading.fact is Fact.CREDIT for reading in self.readings):
            return None
        return joined_shares(self._warehouse, request, self.asof)

    def unknown(self) -> list[Incomplete]:
        """What the facts that were read cannot say by the dimensions asked for, and of open leads
        for want of rates."""
        period = self._request.period
        days = (period.first.isoformat(), period.last.isoformat())
        found = [*self._lacking]
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
        facts = {reading.fact for reading in self.readings}
        if Fact.TERMS in facts and not facts.isdisjoint(
            {Fact.VISITS, Fact.HITS, Fact.CREDIT, Fact.ASSISTS}
        ):
            found.append(Incomplete("untold_terms", "visits: search_term", *days, _UNTOLD_TERMS))
        return found

    def overlaps(self, read: Read) -> list[Incomplete]:
        """Where the same lead or visit is counted under several goals or stages: in rows that are
        more than their total, and in what a filter names."""
        request = self._request
        days = (request.period.first.isoformat(), request.period.last.isoformat())
        found = []
        for reading in self.readings:
            if reading.fact is not Fact.CREDIT:
                continue
            if any(
                sum(row.get(one, 0) for row in read.rows.values()) != read.totals.get(one, 0)
                for one in reading.measures
            ):
                found.append(Incomplete("overlapping_rows", "credits", *days, _OVERLAPPING_ROWS))
            # As people wrote it: later a goal's name stands beside its id.
            tests = list(tests_of(naming(read_filter(request.filter))))
            if len(tests) > 1 or any(one.operator != "is" or one.values[1:] for one in tests):
                found.append(
                    Incomplete("overlapping_filter", "credits", *days, _OVERLAPPING_FILTER)
                )
        return found

    def _partly(self, fact: Fact, days: tuple[str, str]) -> list[Incomplete]:
        """Filters that hold for a part of the spend only, as the rest does not say."""
        if fact not in (Fact.SPEND, Fact.SPEND_DAYS, Fact.TERMS):
            return []
        return [
            Incomplete(
                "partly_left_out",
                f"{SOURCES[fact]}: {name}",
                *days,
                f"What {SOURCES[fact]} has without a {name} is left out by the filter.",
            )
            for name in dict.fromkeys(self._filtered)
            if name in ("channel", "device", "search_term")
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
        found = self._warehouse.rows(*lean(made.sql, given))
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
            **request.compare.later(request.period, period)._asdict(),
            "start": request.period.first,
            "zone": request.site.timezone,
            "model": str(request.model),
            "goal": request.goal,
            "every": bool(request.goal),
            "by_click": request.by is By.CLICK,
            "platform": "",
            "brand": brand_terms(request.site),
            "most": MOST_ROWS + 2,
        }
        return params | self._tracked(params, period)

    def _tracked(self, params: Mapping[str, object], period: Period) -> dict[str, object]:
        """On which days of the period nothing was tracked, for cost that no visit can answer."""
        if not any("untracked_cost" in reading.measures for reading in self.readings):
            return {}
        lines = self._warehouse.arrays(*lean(load_sql(PACKAGE, "keyword_days.sql"), params))
        visited, spent = lines["all_visits"] != 0, lines["spend_rows"] != 0
        return tracking(lines["day"][visited], lines["day"][spent], period.last)._asdict()
