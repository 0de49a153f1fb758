"""Paths to conversion: the most frequent ones, how long they are, who helped."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from tracker.attribution.grouping import Group, fixed_groups
from tracker.attribution.journeys import Journey, Scope, read_journeys, source_names
from tracker.money import decimal_text
from tracker.reports.attribution_request import AttributionRequest, lacking_rates
from tracker.reports.attribution_result import Assist, Bucket, PathReport, PathRow, step_of
from tracker.reports.brand import BrandTerms
from tracker.reports.request import Brand
from tracker.reports.roi import MICRO
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

_Path = tuple[Group, ...]


def path_report(warehouse: Warehouse, request: AttributionRequest) -> PathReport:
    """Paths at the level asked for, those with most conversions first; ``limit`` paths and rows."""
    scope = request.scope(warehouse)
    names = source_names(warehouse, scope.site, scope.asof)
    groups = fixed_groups(names, request.level)
    terms = BrandTerms(request.site, names)
    journeys = terms.kept(read_journeys(warehouse, scope), request.brand)
    lags = warehouse.rows(
        load_sql("tracker.reports", "path_lags.sql"), _limits(scope, request, terms)
    )
    paths = _merged(journeys, groups)
    assists = _assists(paths)
    ordered = sorted(paths.items(), key=lambda item: (-item[1][0], -item[1][2], item[0]))
    first_touch = [row for row in lags if row[0] == "first"]
    last_touch = [row for row in lags if row[0] == "last_non_direct" and row[2]]
    return PathReport(
        site=scope.site,
        first=scope.first.isoformat(),
        last=scope.last.isoformat(),
        by=request.by,
        level=request.level,
        currency=request.site.currency,
        conversions=sum(row[3] for row in first_touch),
        without_touch=sum(row[3] for row in first_touch if not row[2]),
        path_count=len(paths),
        paths=[_row(path, sums) for path, sums in ordered[: request.limit or None]],
        lengths=_buckets((row[2], row[3]) for row in first_touch if row[2]),
        first_lag=_buckets((row[1], row[3]) for row in first_touch if row[2]),
        last_lag=_buckets((row[1], row[3]) for row in last_touch),
        assists=assists[: request.limit or None],
        assist_count=len(assists),
        incomplete=(
            lacking_rates(warehouse, request, scope.asof)
            if any(journey.unpriced for journey in journeys)
            else []
        ),
        brand=request.brand,
        brand_after_non_brand=terms.after_others(journeys),
    )


def _limits(scope: Scope, request: AttributionRequest, terms: BrandTerms) -> dict[str, object]:
    limited = request.brand is not Brand.ALL
    kept = terms.sources(request.brand) if limited else []
    return {**scope.params(), "limited": limited, "kept": kept}


def _merged(journeys: Iterable[Journey], groups: Mapping[int, Group]) -> dict[_Path, list[int]]:
    """Conversions, value, people lost and credit of unknown value, by path of groups."""
    paths: dict[_Path, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for journey in journeys:
        sums = paths[tuple(groups[key] for key in journey.path if key in groups)]
        sums[0] += journey.conversions
        sums[1] += journey.value
        sums[2] += journey.nulls
        sums[3] += journey.unpriced
    return paths


def _row(path: _Path, sums: list[int]) -> PathRow:
    conversions, value, lost, unpriced = sums
    revenue = None if unpriced else decimal_text(MICRO * value)
    return PathRow([step_of(group) for group in path], conversions, revenue, lost)


def _buckets(counts: Iterable[tuple[int, int]]) -> list[Bucket]:
    sums: Counter[int] = Counter()
    for place, count in counts:
        sums[place] += count
    return [Bucket(place, count) for place, count in sorted(sums.items())]


def _assists(paths: Mapping[_Path, list[int]]) -> list[Assist]:
    """A conversion counts once per group, however often the group is in its path."""
    first: Counter[Group] = Counter()
    last: Counter[Group] = Counter()
    assisted: Counter[Group] = Counter()
    for path, (conversions, *_) in paths.items():
        if path and conversions:
            first[path[0]] += conversions
            last[path[-1]] += conversions
            for group in set(path[:-1]):
                assisted[group] += conversions
    found = {*last, *assisted}
    ordered = sorted(found, key=lambda group: (-assisted[group], -last[group], group))
    return [Assist(step_of(group), assisted[group], last[group], first[group]) for group in ordered]
