"""Whole addresses: kept for 60 days where the rule ``keep_full_ip`` says so, then truncated."""

from __future__ import annotations

from datetime import datetime, timedelta

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

KEPT = timedelta(days=60)


def cut_addresses(warehouse: Warehouse, now: datetime) -> int:
    """Truncate the addresses of events of 60 days ago; returns how many there were.

    An address whose host part is 0 cannot be told from a truncated one, and is not counted.
    """
    params = {"before": now - KEPT}
    ((count,),) = warehouse.rows(load_sql("tracker.ingest", "full_addresses.sql"), params)
    if count:
        warehouse.execute(
            load_sql("tracker.ingest", "cut_addresses.sql"), params, settings={"mutations_sync": 1}
        )
    return int(count)
