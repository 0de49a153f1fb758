"""Counters that are never behind the numbers which ClickHouse has.

A backup of servers has metadata that are older than its facts, so after it was put back the
counters are behind. Numbers would be given twice: a build, or a pull of spend, would lie beside the
rows of the first one of its number and count with them, and a correction would lose against what it
corrects.
"""

from __future__ import annotations

from sqlalchemy import Engine

from tracker.accounts.counters import counters, raise_counter
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Numbers beyond the highest published one that builds and pulls may have which were not published.
MARGIN = 1_000


def keep_ahead(warehouse: Warehouse, db: Engine) -> None:
    """Raise each counter that is not beyond what is published: no number is given twice.

    NOTE: one that is level with it may be behind, too, as rows that are not published bear numbers.
    """
    rows = warehouse.rows(load_sql("tracker.reconcile", "highest_numbers.sql"))
    given = counters(db)
    for name, highest in rows:
        if highest and given.get(str(name), 0) <= highest:
            raise_counter(db, str(name), int(highest) + MARGIN)
