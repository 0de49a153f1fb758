"""Adding up visits, credit and spend into rows, and choosing those that are shown.

The facts come as arrays with the row of each line; there may be 10,000 rows and a hundred shown
ones, so nothing but sums and one sort value is computed for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tracker.money import STEP
from tracker.period import Period
from tracker.reports.keyword_index import LEFT_OUT, NO_TOUCH, KeywordIndex, RowKey
from tracker.reports.request import Sort
from tracker.reports.roi import Economics, Sums
from tracker.warehouse.native import Array

MEASURES = tuple(Sums.__dataclass_fields__)
#: Values of measures, one for each line.
Values = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its measures in the period and in the one before."""

    key: RowKey
    now: Sums
    before: Sums


@dataclass(frozen=True, slots=True)
class Joined:
    """The part of the totals that could be joined: credit with a touch; paid visits, and cost of
    rows with visits, that a keyword was found for. Weights of 1e-9, amounts of 1e-6."""

    weight: int
    amount: int
    paid_visits: int
    cost: int


@dataclass(frozen=True, slots=True)
class KeywordSums:
    """``lines`` in order, after the limit; ``count`` and the totals are of all rows."""

    lines: list[Line]
    count: int
    now: Sums
    before: Sums
    joined: Joined
    days: Mapping[date, Sums]


class SumTable:
    """Measures added up by place: exact integers, and which places have a line."""

    def __init__(self, size: int) -> None:
        self.sums = {name: np.zeros(size, np.int64) for name in MEASURES}
        self.has_line = np.zeros(size, np.bool_)

    def add(self, places: Array, chosen: Array, values: Values) -> None:
        """Add the lines that are chosen, each at its place."""
        places = places[chosen]
        for name, column in values.items():
            np.add.at(self.sums[name], places, column[chosen].astype(np.int64))
        self.has_line[places] = True

    def total(self) -> Sums:
        """Over all places."""
        return Sums(**{name: int(column.sum()) for name, column in self.sums.items()})

    def at(self, places: Array) -> list[Sums]:
        """The sums of these places."""
        columns = (column[places].tolist() for column in self.sums.values())
        return [Sums(*values) for values in zip(*columns, strict=True)]


class DayTable:
    """The sums of each day of a period."""

    def __init__(self, period: Period) -> None:
        self._first, self._table = period.first, SumTable(period.days)

    def add(self, days: Array, values: Values) -> None:
        """Add lines by their day. What stands on a day before the period belongs to no day of it:
        spend of several days stands on their first."""
        places = (days - np.datetime64(self._first)).astype(np.intp)
        self._table.add(places, places >= 0, values)

    def by_day(self) -> dict[date, Sums]:
        """The days that have a line."""
        places = np.flatnonzero(self._table.has_line)
        days = (self._first + timedelta(days=place) for place in places.tolist())
        return dict(zip(days, self._table.at(places), strict=True))


class KeywordTable:
    """The sums of every row of an index; a row without any line is none of the report's."""

    def __init__(self, index: KeywordIndex) -> None:
        self._index = index
        self._now, self._before = SumTable(index.size), SumTable(index.size)

    def add(self, rows: Array, earlier: Array, values: Values) -> None:
        """Add lines to their rows: those of the period before, and those of the period."""
        inside = rows != LEFT_OUT
        self._before.add(rows, inside & earlier, values)
        self._now.add(rows, inside & ~earlier, values)

    def __len__(self) -> int:
        return int(self._present().sum())

    def totals(self) -> tuple[Sums, Sums]:
        """The sum of every row, in the period and in the one before.

        A click counts once per row that it reached.
        """
        return self._now.total(), self._before.total()

    def has_own(self) -> bool:
        """Whether anything of either period has a gain of its own."""
        found = (table.sums for table in (self._now, self._before))
        return any(bool(one["own_amount"].any() or one["own_gain"].any()) for one in found)

    def joined(self) -> Joined:
        """What could be joined of the period's totals."""
        now, found = self._now.sums, np.flatnonzero(self._index.are_keywords)
        untouched = len(self._index.keyed) + self._index.reasons.index(NO_TOUCH)
        return Joined(
            weight=int(now["weight"].sum() - now["weight"][untouched]),
            amount=int(now["amount"].sum() - now["amount"][untouched]),
            paid_visits=int(now["paid_visits"][found].sum()),
            cost=int(now["cost"][found][now["visits"][found] > 0].sum()),
        )

    def lines(self, rows: Array) -> list[Line]:
        """These rows with their measures."""
        return list(
            map(
                Line, map(self._index.key, rows.tolist()), self._now.at(rows), self._before.at(rows)
            )
        )

    def ordered(self, sort: Sort, economics: Economics, *, descending: bool) -> Array:
        """Every row by a figure, undefined ones last either way, equal ones by their text."""
        present = self._present()
        ranks, defined = self._ranks(sort, economics)
        rows = np.flatnonzero(present & defined)
        found = ranks[rows]
        order = np.argsort(-found if descending else found, kind="stable")
        return np.concatenate((rows[order], np.flatnonzero(present & ~defined)))

    def _present(self) -> Array:
        return self._now.has_line | self._before.has_line

    def _ranks(self, sort: Sort, economics: Economics) -> tuple[Array, Array]:
        """The figure to sort by, in whatever unit but as exact as what is shown of it, and where it
        is defined."""
        now = self._now.sums
        every = np.full(self._index.size, fill_value=True)
        spent, priced = now["spend_rows"] > 0, now["unpriced_cost"] == 0
        match sort:
            case Sort.KEYWORD:
                return self._titles()
            case Sort.COST:
                return now["cost"], spent & priced
            case Sort.ADJUSTED_COST:
                # A fee has an adjusted cost and no spend row.
                return now["adjusted"], priced & (spent | (now["adjusted"] != 0))
            case Sort.IMPRESSIONS | Sort.CLICKS:
                return now[str(sort)], spent
            case Sort.VISITS:
                return now["visits"], every
            case Sort.CONVERSIONS:
                return now["weight"], every
            case Sort.REVENUE:
                return now["amount"], now["unpriced_value"] == 0
            case Sort.ARRIVAL_RATE:
                return _divided(now["arrived"], now["clicks"], spent & (now["clicks"] != 0))
            case Sort.CPA:
                return self._cost_per("weight", spent & priced)
            case Sort.COST_PER_VALID_INQUIRY:
                return self._cost_per("valid_weight", spent & priced)
            case Sort.VALID_RATE:
                judged = now["valid_weight"] + now["invalid_weight"]
                return _divided(now["valid_weight"], judged, judged != 0)
        return self._returns(sort, economics, spent & priced)

    def _titles(self) -> tuple[Array, Array]:
        """The place of each keyword's text among all of them."""
        titles = {
            one.keyword_key: one.keyword
            for one in self._index.names.every()
            if one.kind == "keyword"
        }
        order = {title: place for place, title in enumerate(sorted(set(titles.values())))}
        ranks = np.full(self._index.size, -1)
        places = np.searchsorted(self._index.keyed, np.array(list(titles), np.uint64))
        ranks[places] = [order[title] for title in titles.values()]
        return ranks, ranks >= 0

    def _cost_per(self, measure: str, priced: Array) -> tuple[Array, Array]:
        """Half up to the millionth: equal as shown is equal as sorted. Larger than 64 bits."""
        now = self._now.sums
        answered = (now["cost"] != now["untracked_cost"]) | (now["untracked_cost"] == 0)
        defined = priced & answered & (now[measure] != 0)
        weight = np.where(defined, now[measure], 1).astype(object)
        cost = (now["cost"] - now["untracked_cost"]).astype(object)
        return (2 * cost * 10**9 + weight) // (2 * weight), defined

    def _returns(self, sort: Sort, economics: Economics, priced: Array) -> tuple[Array, Array]:
        """Revenue, or contribution, over cost on days with tracking: returns have that order."""
        now = self._now.sums
        cost = now["cost"] - now["untracked_cost"]
        known = priced & (cost != 0) & (now["unpriced_value"] == 0) & economics.has_revenue
        if sort is not Sort.ROI or not economics.has_own:
            # One margin for all of it is above 0 and changes no order.
            return _divided(
                now["amount"], cost, known & (sort is not Sort.ROI or economics.has_margin)
            )
        rest = now["amount"] - now["own_amount"]
        margin = int((economics.margin or 0) / STEP)
        # Exact, and larger than 64 bits.
        gain = now["own_gain"].astype(object) * 10**6 + rest.astype(object) * margin
        ranks, defined = _divided(
            gain, cost.astype(object), known & ((rest == 0) | (economics.margin is not None))
        )
        return ranks.astype(np.float64), defined


def _divided(above: Array, below: Array, defined: Array) -> tuple[Array, Array]:
    return above / np.where(defined, below, 1), defined
