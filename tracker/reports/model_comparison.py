"""The comparison of models: the same conversions, credited by every one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from tracker.attribution.data_driven import data_driven
from tracker.attribution.grouping import Group, Level, fixed_groups, folded_groups, group_of
from tracker.attribution.journeys import (
    Journey,
    Scope,
    SourceName,
    keywords_of,
    linear_cells,
    read_journeys,
    source_names,
)
from tracker.reports.attribution_request import AttributionRequest, lacking_rates
from tracker.reports.attribution_result import Earned, ModelComparison, ModelRow, earned, step_of
from tracker.reports.brand import BrandTerms
from tracker.reports.request import Model
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Weight, amount and credit without a known amount, by model.
_Sums = dict[str, list[int]]


def compare_models(warehouse: Warehouse, request: AttributionRequest) -> ModelComparison:
    """Credit of every model at the level asked for, most credited by the default model first."""
    scope = request.scope(warehouse)
    names = source_names(warehouse, scope.site, scope.asof)
    journeys = read_journeys(warehouse, scope)
    terms = BrandTerms(request.site, names)
    rows: dict[Group, _Sums] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for model, source, *values in warehouse.rows(
        load_sql("tracker.reports", "model_sums.sql"), scope.params()
    ):
        if terms.keeps(source, request.brand):
            _add(rows[group_of(names.get(source), request.level)][model], values)
    for group, values in _markov(warehouse, request, scope, names, journeys, terms):
        _add(rows[group][Model.MARKOV], values)
    totals: _Sums = defaultdict(lambda: [0, 0, 0])
    for sums in rows.values():
        for model, values in sums.items():
            _add(totals[model], values)
    ordered = sorted(rows.items(), key=lambda row: (-row[1][Model.LAST_NON_DIRECT][0], row[0]))
    shown = ordered[: request.limit or None]
    return ModelComparison(
        site=scope.site,
        first=scope.first.isoformat(),
        last=scope.last.isoformat(),
        by=request.by,
        level=request.level,
        order=request.order,
        currency=request.site.currency,
        probability=_probability(journeys),
        row_count=len(rows),
        rows=[ModelRow(step_of(group), _written(sums)) for group, sums in shown],
        totals=_written(totals),
        incomplete=(
            lacking_rates(warehouse, request, scope.asof)
            if any(unpriced for _, _, unpriced in totals.values())
            else []
        ),
        brand=request.brand,
    )


def _markov(
    warehouse: Warehouse,
    request: AttributionRequest,
    scope: Scope,
    names: Mapping[int, SourceName],
    journeys: list[Journey],
    terms: BrandTerms,
) -> list[tuple[Group, list[int]]]:
    groups = (
        folded_groups(names, journeys)
        if request.level is Level.KEYWORD
        else fixed_groups(names, request.level)
    )
    linear = linear_cells(warehouse, scope)
    cells = data_driven(linear, journeys, groups, request.order, scope.last, keywords_of(names))
    return [
        (
            group_of(names.get(cell.source_key), request.level),
            [cell.weight, cell.amount, cell.unpriced],
        )
        for cell in cells
        if scope.first <= cell.day <= scope.last and terms.keeps(cell.source_key, request.brand)
    ]


def _probability(journeys: list[Journey]) -> float | None:
    """Conversions over conversions and people who did not convert: the chain's, at any order."""
    won = sum(journey.conversions for journey in journeys)
    whole = won + sum(journey.nulls for journey in journeys)
    return won / whole if whole else None


def _add(sums: list[int], values: list[int]) -> None:
    for place, value in enumerate(values):
        sums[place] += value


def _written(sums: _Sums) -> dict[str, Earned]:
    return {str(model): earned(*sums[model]) for model in Model}
