"""The short form of ``make fuzz``: hostile requests at every public entrance, all answered well."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz import fuzz
from tracker.warehouse.client import Warehouse


def test_no_hostile_request_is_answered_wrongly_or_never(
    tmp_path: Path, warehouse_embedded: Warehouse
) -> None:
    target = fuzz(tmp_path, warehouse_embedded, 1_500, 50, seed=3, seconds=120)
    assert target.wrong == []
    assert target.statuses["/e 202"] > 100
