"""Superseded pulls: kept for 35 days, so that a wrong import can be looked into, then deleted.

With them go the rows of imports that died before they were published. What stands, or stood
within these days, is never touched.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

KEPT = timedelta(days=35)


def sweep_pulls(warehouse: Warehouse, now: datetime) -> int:
    """Delete rows of pulls that were superseded 35 days ago; returns how many pulls lost rows."""
    ((horizon,),) = warehouse.rows(
        load_sql("tracker.spend", "pull_horizon.sql"), {"before": now - KEPT}
    )
    params = {"horizon": int(horizon)}
    ((pulls,),) = warehouse.rows(load_sql("tracker.spend", "superseded_pulls.sql"), params)
    if pulls:
        warehouse.execute(load_sql("tracker.spend", "sweep_spend.sql"), params)
    _sweep_facts(warehouse, now)
    return int(pulls)


def _sweep_facts(warehouse: Warehouse, now: datetime) -> None:
    """Search terms and totals of superseded pulls. Click look-ups stay: any pull's row counts."""
    ((horizon, superseded),) = warehouse.rows(
        load_sql("tracker.spend", "superseded_facts.sql"), {"before": now - KEPT}
    )
    if superseded:
        for name in ("sweep_search_terms.sql", "sweep_account_totals.sql"):
            warehouse.execute(load_sql("tracker.spend", name), {"horizon": int(horizon)})
