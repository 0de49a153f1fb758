"""The statements of the keyword report: visits, spend and credit by plain keys, over one state.

A site with little in it is read line by line, at once: there the planning of each statement takes
longer than its rows. For others the engine adds up, by several statements at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from tracker.reports.keyword_index import LEFT_OUT, Places
from tracker.reports.keyword_table import DayTable, KeywordTable, Values
from tracker.reports.published import lean
from tracker.warehouse.client import Warehouse
from tracker.warehouse.native import Array
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
VISITS = ("visits", "paid_visits", "arrived")
SPEND = ("impressions", "clicks", "cost", "adjusted", "unpriced_cost", "spend_rows")
CREDIT = (
    *("weight", "amount", "own_amount", "own_gain", "unpriced_value"),
    *("valid_weight", "invalid_weight"),
)
DAY = "datetime64[D]"
#: What the days of a trend have.
DAYS = ("visits", *SPEND)


class Tracking(NamedTuple):
    """``untracked`` days have spend but no visit, ``tracked_next`` is the first day with one after
    each: spend of several days is untracked where that comes after its last."""

    untracked: list[date]
    tracked_next: list[date]


def tracking(visited: Array, spent: Array, last: date) -> Tracking:
    """From days with visits and with spend, of what ends with ``last``."""
    days = np.append(np.unique(visited.astype(DAY)), np.datetime64(last) + 1)
    untracked = np.setdiff1d(spent.astype(DAY), days)
    return Tracking(untracked.tolist(), days[np.searchsorted(days, untracked)].tolist())


@dataclass(frozen=True, slots=True)
class Credit:
    """What rows earned on days, in lines."""

    days: Array
    rows: Array
    values: Values


@dataclass(frozen=True, slots=True)
class KeywordFacts:
    """The facts of a period and the one before, on the rows that their keys lead to. ``limited``
    when only some keywords are asked for; ``params`` are those of the statements."""

    warehouse: Warehouse
    params: Mapping[str, object]
    boundary: date
    last: date
    sources: Places
    keywords: Places
    limited: bool

    def add_lines(self, table: KeywordTable, days: DayTable) -> None:
        """Visits and spend, line by line."""
        lines = self._arrays("keyword_lines.sql")
        spent, day, last_day = lines["visits"] == 0, _days(lines, "day"), _days(lines, "last_day")
        rows = np.where(spent, self.keywords.find(lines["key"]), self.sources.find(lines["key"]))
        earlier = day < np.datetime64(self.boundary)
        # What began in the period before and ended in this one belongs to neither.
        whole = ~earlier | (last_day < np.datetime64(self.boundary))
        counted = spent & (rows != LEFT_OUT) & (lines["spend_rows"] != 0)
        known = tracking(day[~spent], day[counted], self.last)
        values = {name: lines[name] for name in (*VISITS, *SPEND)}
        values["untracked_cost"] = lines["cost"] * _untracked(day, last_day, known)
        table.add(np.where(whole, rows, LEFT_OUT), earlier, values)
        inside = rows != LEFT_OUT
        days.add(day[inside], {name: lines[name][inside] for name in DAYS})

    def add_sums(self, table: KeywordTable, days: DayTable, threads: Executor) -> None:
        """Visits and spend, as the engine adds them up."""
        visited = threads.submit(self._arrays, "keyword_visits.sql")
        spent = threads.submit(self._arrays, "keyword_spend.sql")
        lines = self._arrays("keyword_days.sql")
        day = _days(lines, "day")
        known = tracking(day[lines["all_visits"] != 0], day[lines["spend_rows"] != 0], self.last)
        if self.limited:
            lines = self._arrays("keyword_days_of.sql")
        days.add(_days(lines, "day"), {name: lines[name] for name in DAYS if name in lines})
        _add(table, self.sources, visited.result(), VISITS)
        _add(table, self.keywords, spent.result(), SPEND)
        if known.untracked:
            cost = self._arrays("keyword_untracked.sql", known._asdict())
            _add(table, self.keywords, cost, ("untracked_cost",))

    def credit(self) -> Credit:
        """What each row earned on each day."""
        lines = self._arrays("keyword_credits.sql")
        rows = self.sources.find(lines["source_key"])
        inside = rows != LEFT_OUT
        values = {name: lines[name][inside] for name in CREDIT}
        return Credit(_days(lines, "at")[inside], rows[inside], values)

    def add_credit(self, credit: Credit, table: KeywordTable, days: DayTable) -> None:
        """Add what was earned."""
        table.add(credit.rows, credit.days < np.datetime64(self.boundary), credit.values)
        days.add(credit.days, credit.values)

    def _arrays(self, name: str, more: Mapping[str, object] | None = None) -> dict[str, Array]:
        params = {**self.params, **(more or {})}
        return self.warehouse.arrays(*lean(load_sql(PACKAGE, name), params))


def _untracked(day: Array, last_day: Array, known: Tracking) -> Array:
    """Which spend of these first and last days is untracked."""
    days, after = np.array(known.untracked, DAY), np.array(known.tracked_next, DAY)
    if not len(days):
        return np.zeros(len(day), bool)
    place = np.searchsorted(days, day).clip(max=len(days) - 1)
    found: Array = (days[place] == day) & (after[place] > last_day)
    return found


def _days(lines: Mapping[str, Array], name: str) -> Array:
    """A column of days, of no lines too."""
    return lines[name].astype(DAY)


def _add(
    table: KeywordTable, places: Places, lines: Mapping[str, Array], names: tuple[str, ...]
) -> None:
    earlier = lines["earlier"] != 0
    table.add(places.find(lines["key"]), earlier, {name: lines[name] for name in names})
