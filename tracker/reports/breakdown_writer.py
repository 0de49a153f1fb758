"""What a breakdown shows: rows in their order, and the metrics of each."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from tracker.reports.breakdown_reader import BreakdownReader, Key, Read
from tracker.reports.breakdown_request import BreakdownRequest
from tracker.reports.measures import METRICS, PLAIN, Figures, Value
from tracker.reports.roi import Economics


class BreakdownRow(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` are null where not known; for the dimensions in ``unallocated`` they cannot be:
    the row holds what is measured without them, such as cost by country."""

    values: dict[str, str | None]
    unallocated: list[str]
    metrics: dict[str, Value]
    previous: dict[str, Value] | None = None


class BreakdownWriter:
    """Rows in order and their metrics."""

    def __init__(
        self,
        request: BreakdownRequest,
        reader: BreakdownReader,
        economics: Economics,
        goals: Mapping[str, str],
    ) -> None:
        """``goals`` has the name of each goal by its id, which is what keys have."""
        self._request = request
        self._goals = goals
        self._economics = economics
        self._metrics = [METRICS[name] for name in request.metrics if reader.is_read(name)]

    def metrics(self, measures: Mapping[str, int]) -> dict[str, Value]:
        """Every metric asked for; None for one that no table can give here."""
        figures = Figures(measures, self._economics, self._request.target)
        found: dict[str, Value] = dict.fromkeys(self._request.metrics)
        return found | {one.name: one.formula(figures) for one in self._metrics}

    def row(self, key: Key, now: Read, before: Read | None) -> BreakdownRow:
        """One row with its previous figures; goals are called by their names."""
        group = self._request.group
        values = zip(group, self._named(key), strict=True)
        return BreakdownRow(
            values={name: value or None for name, value in values},
            unallocated=[name for name, value in zip(group, key, strict=True) if value is None],
            metrics=self.metrics(now.rows.get(key, {})),
            previous=None if before is None else self.metrics(before.rows.get(key, {})),
        )

    def ordered(self, now: Read, before: Read | None) -> list[Key]:
        """Every row's key: by a dimension or a metric, undefined ones last either way.

        Rows of one figure, and goals, lie by what is shown: ids differ between installations.
        """
        request = self._request
        shown = {key: self._named(key) for key in (*now.rows, *(before.rows if before else ()))}
        keys = sorted(shown, key=lambda key: _sortable(shown[key]))
        if request.sort in request.group:
            place = request.group.index(request.sort)
            known = [key for key in keys if key[place]]
            known.sort(
                key=lambda key: _natural(shown[key][place] or ""), reverse=request.descending
            )
            return known + [key for key in keys if not key[place]]
        ranks = {key: self._rank(now.rows.get(key, {})) for key in keys}
        defined = [key for key in keys if ranks[key] is not None]
        defined.sort(key=lambda key: ranks[key] or 0, reverse=request.descending)
        return defined + [key for key in keys if ranks[key] is None]

    def _named(self, key: Key) -> Key:
        if "goal" not in self._request.group:
            return key
        return tuple(
            self._goals.get(value, value) if name == "goal" and value else value
            for name, value in zip(self._request.group, key, strict=True)
        )

    def _rank(self, measures: Mapping[str, int]) -> Decimal | int | None:
        name = self._request.sort
        if name in PLAIN:
            measure, of_spend = PLAIN[name]
            if of_spend and not measures.get("spend_rows"):
                return None
            return measures.get(measure, 0)
        value = METRICS[name].formula(Figures(measures, self._economics, self._request.target))
        return None if value is None else Decimal(str(value))


def _sortable(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in key)


def _natural(value: str) -> tuple[int, str]:
    """Hours and weekdays in their order."""
    return (int(value), "") if value.isdecimal() and len(value) < 4 else (0, value)
