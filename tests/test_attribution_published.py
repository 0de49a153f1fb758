"""First, last and linear credit of the published paths, computed by the SQL of the product."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests import attribution_reference as reference
from tests.test_markov import published
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

pytestmark = pytest.mark.slow

SITE, BUILD, DAY = "published01", 1, date(2026, 6, 1)
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
VISIT = ("site", "day", "bucket", "build", "visitor", "visit_id", "start", "touch", "source_key")
CONVERSION = (
    *("site", "day", "build", "conversion_id", "goal", "time", "path_time", "visitor", "person"),
    *("value", "value_site"),
)


def test_first_last_and_linear_agree_to_a_millionth(warehouse_embedded: Warehouse) -> None:
    channels = fill(warehouse_embedded)
    warehouse_embedded.execute(
        load_sql("tracker.attribution", "credits.sql", frozenset({"valued"})),
        {
            "build": BUILD,
            "sites": [([SITE], 90 * 86_400_000, 7 * 86_400_000)],
            "names": [SITE],
            "lookbacks": [],
            "days": [([SITE], DAY, 1)],
            "first": DAY,
            "last": DAY,
            "since": DAY - timedelta(days=91),
            "until": DAY,
            "resets": [],
            "fresh": [([SITE], [0], DAY, 1)],
        },
    )
    rows = warehouse_embedded.rows(
        "SELECT model, source_key, sum(weight) FROM credits "
        "WHERE model IN ('first', 'last', 'linear') GROUP BY model, source_key"
    )
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for model, key, weight in rows:
        found[model][channels[key]] = weight / 10**9
    for model, expected in reference.heuristics(published()).items():
        assert found[model] == pytest.approx(expected, abs=1e-6)


def fill(warehouse: Warehouse) -> dict[int, str]:
    """A person for each conversion, with the touches of its path a second apart."""
    numbers: dict[str, int] = {}
    visits: list[tuple[Any, ...]] = []
    conversions: list[tuple[Any, ...]] = []
    for path, count, _, _ in published():
        keys = [numbers.setdefault(name, len(numbers) + 1) for name in path]
        end = BEGIN + timedelta(seconds=len(path))
        for _ in range(count):
            person = len(conversions) + 1
            for place, key in enumerate(keys):
                start = BEGIN + timedelta(seconds=place)
                visits.append(
                    (SITE, DAY, 0, BUILD, person, person * 1000 + place, start, True, key)
                )
            conversions.append((SITE, DAY, BUILD, person, "order", end, end, person, person, 1, 1))
    warehouse.insert("visits", VISIT, visits)
    warehouse.insert("conversions", CONVERSION, conversions)
    return {number: name for name, number in numbers.items()}
