"""The markov model of the keyword report: its credit on the rows of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tracker.attribution.data_driven import data_driven
from tracker.attribution.grouping import ENOUGH, Group, Level, folded_groups
from tracker.attribution.journeys import (
    Cell,
    Scope,
    SourceName,
    keywords_of,
    linear_cells,
    read_journeys,
    source_names,
)
from tracker.period import Period
from tracker.reports.keyword_facts import CREDIT, DAY, Credit
from tracker.reports.keyword_index import LEFT_OUT, Places
from tracker.reports.result import Incomplete, Row
from tracker.warehouse.client import Warehouse

#: Order of the chain in the keyword report: with higher ones most keywords have too few paths.
ORDER = 1
#: What rows add up, and what it is called of a cell.
_MEASURES = {name: "unpriced" if name == "unpriced_value" else name for name in CREDIT}


@dataclass(frozen=True, slots=True)
class DataDriven:
    """For each keyword ``levels`` has the level of the group whose removal effect it has; sources
    without a keyword are groups by themselves and have none. ``cells`` are those of the period,
    whatever rows the report is filtered to."""

    credit: Credit
    levels: Mapping[int, str]
    cells: Sequence[Cell]


def data_driven_credit(
    warehouse: Warehouse, scope: Scope, sources: Places, *, compare: bool
) -> DataDriven:
    """Data-driven credit on the rows that ``sources`` lead to.

    The chain is that of all conversions of the scope, whatever rows the report is filtered to;
    the period before has one of its own.
    """
    names = source_names(warehouse, scope.site, scope.asof)
    of_period, groups = _credit(warehouse, scope, names)
    cells = list(of_period)
    if compare:
        before = Period(scope.first, scope.last).previous()
        earlier = replace(scope, first=before.first, last=before.last)
        cells += _credit(warehouse, earlier, names)[0]
    rows = sources.find(np.array([cell.source_key for cell in cells], np.uint64))
    days = np.array([cell.day for cell in cells], DAY)
    inside = rows != LEFT_OUT
    values = {
        name: np.array([getattr(cell, field) for cell in cells], np.int64)[inside]
        for name, field in _MEASURES.items()
    }
    levels = {
        names[key].keyword_key: str(group.level)
        for key, group in groups.items()
        if names[key].keyword_key
    }
    return DataDriven(Credit(days[inside], rows[inside], values), levels, of_period)


def pooled(rows: Sequence[Row], period: Period) -> list[Incomplete]:
    """The note that some of these keywords share the effect of a larger group, if so."""
    levels = [row.credit_level for row in rows if row.credit_level]
    shared = sum(level != Level.KEYWORD for level in levels)
    if not shared:
        return []
    return [
        Incomplete(
            "pooled_credit",
            f"{shared}/{len(levels)}",
            period.first.isoformat(),
            period.last.isoformat(),
            f"{shared} of the {len(levels)} keywords shown have fewer than {ENOUGH} converting "
            "paths; their credit follows the removal effect of their ad group, campaign or "
            "platform.",
        )
    ]


def _credit(
    warehouse: Warehouse, scope: Scope, names: Mapping[int, SourceName]
) -> tuple[list[Cell], dict[int, Group]]:
    journeys = read_journeys(warehouse, scope)
    groups = folded_groups(names, journeys)
    linear = linear_cells(warehouse, scope)
    cells = data_driven(linear, journeys, groups, ORDER, scope.last, keywords_of(names))
    return [cell for cell in cells if scope.first <= cell.day <= scope.last], groups
