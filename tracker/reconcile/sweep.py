"""The sweep: deletes rows of builds that no reader can see any more.

A report may read the state of the moment it began for ten minutes. Whatever was superseded
before that, and whatever a build that died left unpublished, goes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: How long a superseded build stays readable.
GRACE = timedelta(minutes=10)
#: Tables by the file that says which of their rows go.
TABLES = (
    *("hits", "visits", "daily", "conversions", "credits", "site_spend", "keywords"),
    *("resolution", "clicked", "keyword_days", "credit_days", "term_spend"),
)


def sweep(warehouse: Warehouse, now: datetime) -> int:
    """Delete what is superseded; returns how many slice builds went."""
    horizon = _horizon(warehouse, now)
    found = warehouse.rows(load_sql("tracker.reconcile", "superseded.sql"), {"horizon": horizon})
    stale, orphans = int(found[0][0]), int(found[0][1])
    if not stale and not orphans:
        return 0
    params = {"horizon": horizon}
    for table in TABLES:
        warehouse.execute(load_sql("tracker.reconcile", f"sweep_{table}.sql"), params)
    warehouse.execute(load_sql("tracker.reconcile", "sweep_slices.sql"), params)
    return stale


def _horizon(warehouse: Warehouse, now: datetime) -> int:
    rows = warehouse.rows(load_sql("tracker.reconcile", "horizon.sql"), {"before": now - GRACE})
    return int(rows[0][0])
