"""Rows of a list, and how many there are in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.warehouse.client import Warehouse


def listed(
    warehouse: Warehouse, sql: str, params: Mapping[str, Any], count: str
) -> tuple[list[dict[str, Any]], int]:
    """The rows from ``offset`` on, and the number of all, which each row has as ``count``.

    Behind the last row nothing says it, so the first row is asked.
    """
    rows = warehouse.dicts(sql, dict(params))
    told = rows
    if not rows and params["offset"]:
        told = warehouse.dicts(sql, {**params, "limit": 1, "offset": 0})
    return rows, int(told[0][count]) if told else 0
