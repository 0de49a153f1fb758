"""The markov model of the keyword report: its credit in place of the linear one that was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from tracker.attribution.data_driven import data_driven
from tracker.attribution.grouping import ENOUGH, Group, Level, folded_groups
from tracker.attribution.journeys import (
    Cell,
    Scope,
    SourceName,
    linear_cells,
    read_journeys,
    source_names,
)
from tracker.period import Period
from tracker.reports.keyword_facts import Credit
from tracker.reports.keyword_index import NO_TOUCH, KeywordIndex, RowKey
from tracker.reports.result import Incomplete, Row
from tracker.warehouse.client import Warehouse

#: Order of the chain in the keyword report: with higher ones most keywords have too few paths.
ORDER = 1
#: What is dealt: measures of ``Cell`` under the names that rows have.
_DEALT = ("weight", "amount", "own_amount", "own_gain", "valid_weight", "invalid_weight")


@dataclass(frozen=True, slots=True)
class DataDriven:
    """For each keyword ``levels`` has the level of the group whose removal effect it has; sources
    without a keyword are groups by themselves and have none."""

    credit: Credit
    levels: Mapping[int, str]


def data_driven_credit(
    warehouse: Warehouse,
    scope: Scope,
    linear: Credit,
    index: KeywordIndex,
    *,
    compare: bool,
) -> DataDriven:
    """Data-driven credit for the rows of ``linear``, which were read with linear credit.

    The chain is that of all conversions of the scope, whatever rows the report is filtered to;
    the period before has one of its own.
    """
    names = source_names(warehouse, scope.site, scope.asof)
    cells, groups = _credit(warehouse, scope, names)
    if compare:
        before = Period(scope.first, scope.last).previous()
        earlier = replace(scope, first=before.first, last=before.last)
        cells += _credit(warehouse, earlier, names)[0]
    sums: dict[tuple[date, RowKey], list[int]] = defaultdict(lambda: [0] * len(_DEALT))
    for cell in cells:
        found = sums[cell.day, _row(cell, names)]
        for place, name in enumerate(_DEALT):
            found[place] += getattr(cell, name)
    rows = (
        (day, index.key(row)) for day, row in zip(linear.days.tolist(), linear.rows, strict=True)
    )
    # Several sources of a row have a line each: its credit stands on the first of them.
    none = [0] * len(_DEALT)
    credits = np.array([sums.pop(row, none) for row in rows], np.int64).reshape(-1, len(_DEALT))
    values = {**linear.values, **dict(zip(_DEALT, credits.T, strict=True))}
    levels = {
        names[key].keyword_key: str(group.level)
        for key, group in groups.items()
        if names[key].keyword_key
    }
    return DataDriven(replace(linear, values=values), levels)


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
    cells = data_driven(linear_cells(warehouse, scope), journeys, groups, ORDER)
    return [cell for cell in cells if scope.first <= cell.day <= scope.last], groups


def _row(cell: Cell, names: Mapping[int, SourceName]) -> RowKey:
    name = names.get(cell.source_key)
    if name is None:
        return NO_TOUCH
    if name.keyword_key:
        return RowKey(name.keyword_key, "", "")
    return RowKey(0, name.platform, name.reason)
