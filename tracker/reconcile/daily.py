"""Filling ``daily`` once, for builds that were published before there was such a table."""

from __future__ import annotations

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reconcile"


def fill_daily(warehouse: Warehouse) -> None:
    """Make the rows of every build if there are visits or spend and no row at all."""
    (lacks,) = warehouse.rows(load_sql(PACKAGE, "lacks_daily.sql"))[0]
    if lacks:
        warehouse.execute(load_sql(PACKAGE, "fill_daily_visits.sql"))
        warehouse.execute(load_sql(PACKAGE, "fill_daily_spend.sql"))
