"""Filling tables of sums once, for builds that were published before there was such a table.

A table is filled beside the one that readers see and then exchanged with it: they see nothing of it
or all of it, and whoever dies in between leaves nothing half done. No build runs meanwhile, because
what it wrote would be lost: the lease of reconciling is held.
"""

from __future__ import annotations

from datetime import timedelta
from time import monotonic, sleep

from sqlalchemy import Engine

from tracker.accounts import leases
from tracker.accounts.clock import Clock
from tracker.errors import Unavailable
from tracker.reconcile.reconciler import LEASE
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reconcile"
#: Tables of sums, and what each is made from.
TABLES = {
    "daily": ("visits", "spend"),
    "keyword_days": ("visits", "spend"),
    "credit_days": ("credits",),
}
LEASE_TIME = timedelta(minutes=10)
#: Seconds that a running build is waited for.
PATIENCE = 120.0
#: Beyond so many bytes a statement goes on on disk.
_SETTINGS = {"max_bytes_before_external_group_by": 256 << 20}


def fill_sums(warehouse: Warehouse, db: Engine, clock: Clock, holder: str) -> None:
    """Make the rows of every build of each table that has none and should have some.

    Unavailable when another process builds for too long, or takes the lease over meanwhile.
    """
    if not any(_lacks(warehouse, table) for table in TABLES):
        return
    lease = _acquire(db, clock, holder)
    try:
        for table in TABLES:
            if _lacks(warehouse, table):
                make_beside(warehouse, table)
                if not leases.is_current(db, lease):
                    raise Unavailable("Another process has taken over reconciling.")
                publish_beside(warehouse, table)
    finally:
        leases.release(db, lease, clock())


def make_beside(warehouse: Warehouse, table: str) -> None:
    """The rows of every build, in a table that no reader knows."""
    warehouse.execute(f"DROP TABLE IF EXISTS {table}_filling")
    warehouse.execute(f"CREATE TABLE {table}_filling AS {table}")
    for kind in TABLES[table]:
        sql = load_sql(PACKAGE, f"fill_{table}_{kind}.sql")
        warehouse.execute(sql, settings=_SETTINGS)


def publish_beside(warehouse: Warehouse, table: str) -> None:
    """Let readers see them from one instant on."""
    warehouse.execute(f"EXCHANGE TABLES {table} AND {table}_filling")
    warehouse.execute(f"DROP TABLE IF EXISTS {table}_filling")


def _lacks(warehouse: Warehouse, table: str) -> bool:
    return bool(warehouse.rows(load_sql(PACKAGE, f"lacks_{table}.sql"))[0][0])


def _acquire(db: Engine, clock: Clock, holder: str) -> leases.Lease:
    end = monotonic() + PATIENCE
    while True:
        lease = leases.acquire(db, LEASE, holder, LEASE_TIME, clock())
        if lease is not None:
            return lease
        if monotonic() >= end:
            raise Unavailable("Another run is reconciling.", hint="Start again when it has ended.")
        sleep(0.1)
