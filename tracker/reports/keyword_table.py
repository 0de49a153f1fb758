"""Merging the sums of visits, credit and spend into rows, and choosing those that are shown.

The facts come as columns, one line per keyword or reason; there may be 10,000 keywords and a
hundred shown rows, so nothing but sums and one sort value is computed for the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress, count, repeat
from typing import Any, NamedTuple

from tracker.reports.request import Sort
from tracker.reports.roi import Economics, Sums

Columns = Mapping[str, Sequence[Any]]
#: (keyword key, platform, reason): a RowKey as the engine gives it.
Key = tuple[int, str, str]
#: The figure that each row is sorted by.
Ranks = Mapping[Key, Any]
MEASURES = tuple(Sums.__dataclass_fields__)
#: The facts in the order in which a table keeps them.
_VISITS, _CREDIT, _SPEND = range(3)
_KEY = ("keyword_key", "platform_of", "reason_of")
_CREDITED = ("weight", "amount", "unpriced_value")


class RowKey(NamedTuple):
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


class Credited:
    """Credit by day and key, to be added up either way; the period begins with ``first``."""

    def __init__(self, columns: Columns, first: date) -> None:
        self._columns, self._first = columns, first

    def by_key(self) -> Columns:
        """One line per key, what lies before the period in columns of its own."""
        names = (*_CREDITED, *(f"before_{name}" for name in _CREDITED))
        sums: dict[tuple[int, ...], list[int]] = {}
        for day, key, *values in self._lines():
            found = sums.setdefault(key, [0] * len(names))
            start = len(_CREDITED) if day < self._first else 0
            for place, value in enumerate(values, start):
                found[place] += value
        columns: dict[str, Sequence[Any]] = dict(zip(_KEY, zip(*sums, strict=True), strict=False))
        columns |= zip(names, zip(*sums.values(), strict=True), strict=False)
        return defaultdict(tuple, columns)

    def by_day(self) -> Iterable[dict[str, Any]]:
        """One line per day."""
        sums: dict[date, list[int]] = {}
        for day, _, *values in self._lines():
            found = sums.setdefault(day, [0] * len(_CREDITED))
            for place, value in enumerate(values):
                found[place] += value
        for day, found in sums.items():
            yield {"day": day, **dict(zip(_CREDITED, found, strict=True))}

    def _lines(self) -> Iterable[tuple[Any, ...]]:
        columns = self._columns
        values = (columns[name] for name in _CREDITED)
        return zip(columns["day"], _keys(columns), *values, strict=True)


class KeywordTable:
    """Every row of the report by its key, as places in the columns of each fact."""

    def __init__(self, visits: Columns, credited: Columns, spent: Columns) -> None:
        self._facts = (visits, credited, spent)
        self._places: list[dict[Key, int]] = [
            dict(zip(_keys(fact), count(), strict=False)) for fact in self._facts
        ]
        self._keys: set[Key] = {key for places in self._places for key in places}

    def __len__(self) -> int:
        return len(self._keys)

    def totals(self, prefix: str = "") -> Sums:
        """The sum of every row; ``prefix`` is ``before_`` for the period before.

        A click counts once per row that it reached.
        """
        return Sums(
            **{
                name: sum(fact[prefix + name])
                for fact in self._facts
                for name in MEASURES
                if prefix + name in fact
            }
        )

    def joined(self) -> Joined:
        """What could be joined of the period's totals."""
        visits, credited, spent = self._facts
        visited = dict(zip(visits["keyword_key"], visits["visits"], strict=True))
        touched = [reason != "no_touch" for reason in credited["reason_of"]]
        return Joined(
            weight=sum(compress(credited["weight"], touched)),
            amount=sum(compress(credited["amount"], touched)),
            paid_visits=sum(compress(visits["paid_visits"], visits["keyword_key"])),
            cost=sum(compress(spent["cost"], map(visited.get, spent["keyword_key"]))),
        )

    def lines(self, keys: Iterable[Key]) -> list[Line]:
        """The rows of these keys with their measures."""
        return [Line(RowKey(*key), self._sums(key, ""), self._sums(key, "before_")) for key in keys]

    def ordered(
        self, sort: Sort, economics: Economics, *, descending: bool, titles: Mapping[int, str]
    ) -> list[Key]:
        """Every key by a figure, undefined ones last either way, equal ones by their text."""
        ranks = self._ranks(sort, economics, titles)
        # Plain keys sort as their texts do, but those without a keyword come last.
        keys = sorted(key for key in self._keys if key[0])
        keys += sorted((key for key in self._keys if not key[0]), key=lambda key: RowKey(*key).text)
        defined = [key for key in keys if ranks.get(key) is not None]
        defined.sort(key=ranks.__getitem__, reverse=descending)
        return defined + [key for key in keys if ranks.get(key) is None]

    def _ranks(self, sort: Sort, economics: Economics, titles: Mapping[int, str]) -> Ranks:
        """The figure to sort by, in whatever unit; None or missing where it is undefined."""
        match sort:
            case Sort.KEYWORD:
                return {key: titles.get(key[0]) for key in self._keys}
            case Sort.COST | Sort.IMPRESSIONS | Sort.CLICKS:
                return self._spend_ranks(str(sort))
            case Sort.ADJUSTED_COST:
                # A fee has an adjusted cost and no spend row.
                return self._spend_ranks("adjusted")
        # NOTE: one call for each of 10,000 keys; the usual orders are above.
        return {key: self._rank(key, sort, economics) for key in self._keys}

    def _spend_ranks(self, name: str) -> dict[Key, int]:
        spent = self._facts[_SPEND]
        unpriced = spent["unpriced_cost"] if name in ("cost", "adjusted") else repeat(0)
        columns = zip(_keys(spent), spent[name], spent["spend_rows"], unpriced, strict=False)
        return {
            key: value
            for key, value, rows, lacks in columns
            if not lacks and (rows or (name == "adjusted" and value))
        }

    def _rank(self, key: Key, sort: Sort, economics: Economics) -> float | None:
        """As exact as what is shown of it."""
        match sort:
            case Sort.VISITS:
                return self._value(key, _VISITS, "visits")
            case Sort.CONVERSIONS:
                return self._value(key, _CREDIT, "weight")
            case Sort.REVENUE:
                return self._revenue(key)
            case Sort.ARRIVAL_RATE:
                clicks = self._spent(key, "clicks")
                return self._value(key, _VISITS, "arrived") / clicks if clicks else None
            case Sort.CPA:
                cost, weight = self._cost(key), self._value(key, _CREDIT, "weight")
                # Half up to the millionth: equal as shown is equal as sorted.
                scaled = None if cost is None else 2 * cost * 10**9
                return None if scaled is None or not weight else (scaled + weight) // (2 * weight)
        return self._return(key, sort, economics)

    def _return(self, key: Key, sort: Sort, economics: Economics) -> float | None:
        cost, revenue = self._cost(key), self._revenue(key)
        margin = economics.margin if sort is Sort.ROI else 1
        if not cost or revenue is None or margin is None or not economics.has_revenue:
            return None
        earned = float(margin * revenue)
        return earned / cost if sort is Sort.ROAS else (earned - cost) / cost

    def _revenue(self, key: Key) -> int | None:
        if self._value(key, _CREDIT, "unpriced_value"):
            return None
        return self._value(key, _CREDIT, "amount")

    def _cost(self, key: Key) -> int | None:
        """What was spent on days with tracking."""
        if self._value(key, _SPEND, "unpriced_cost"):
            return None
        cost = self._spent(key, "cost")
        return None if cost is None else cost - self._value(key, _SPEND, "untracked_cost")

    def _spent(self, key: Key, name: str) -> int | None:
        """A measure of spend in the period; None where the platforms reported nothing."""
        if not self._value(key, _SPEND, "spend_rows"):
            return None
        return self._value(key, _SPEND, name)

    def _sums(self, key: Key, prefix: str) -> Sums:
        values = {}
        for fact, places in zip(self._facts, self._places, strict=True):
            place = places.get(key)
            if place is not None:
                for name in MEASURES:
                    column = fact.get(prefix + name)
                    if column is not None:
                        values[name] = column[place]
        return Sums(**values)

    def _value(self, key: Key, fact: int, name: str) -> int:
        place = self._places[fact].get(key)
        return 0 if place is None else int(self._facts[fact][name][place])


def _keys(fact: Columns) -> Iterable[Key]:
    return zip(fact["keyword_key"], fact["platform_of"], fact["reason_of"], strict=True)
