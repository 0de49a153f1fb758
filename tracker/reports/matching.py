"""How an offline conversion was given to somebody, or why it belongs to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def way_matched(row: Mapping[str, Any], now: datetime) -> str:
    """``matched`` of a row of ``conversions``, or ``expired`` for one that belongs to nobody and
    is no longer tried: ``tried_until`` of the row is past."""
    way = str(row["matched"])
    return "expired" if way == "none" and row["tried_until"] < now else way
