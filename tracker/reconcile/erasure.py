"""Erasing a person: every row, line and word about him, and nothing of him later.

Order matters. First what is spooled is loaded, as it may tell of more visitors of his. These go to
the suppression list, so that what still arrives is not stored; then what arrived meanwhile is
loaded, and the refused segments are rewritten; then his rows go
from every table, those by which he is found last, so that an erasure that died is simply
repeated. It holds the lease of reconciling: no build can bring back what it read before.

Rows are deleted with mutations that are waited for. ClickHouse removes the files of the parts
that they replaced some minutes later (``old_parts_lifetime``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from time import monotonic, sleep

import msgspec
from sqlalchemy import Engine

from tracker.accounts import leases
from tracker.accounts.buckets import plans_of
from tracker.accounts.clock import Clock
from tracker.accounts.counters import next_number
from tracker.accounts.marks import Slice, mark
from tracker.accounts.person_cards import forget
from tracker.accounts.sites import Site
from tracker.accounts.suppression import suppress_visitors
from tracker.conversions.people import offline_of, refresh, visitor_name
from tracker.errors import Unavailable
from tracker.ingest.forgotten import forget_failed
from tracker.reconcile.calendar import Frame
from tracker.reconcile.identity import visitors_of
from tracker.reconcile.reconciler import LEASE
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reconcile"
#: An erasure takes minutes on large tables; the lease is given back at its end.
LEASE_TIME = timedelta(minutes=30)
WAIT = 300.0


class PersonTable(StrEnum):
    """Tables with a column ``visitor``, in the order in which they are erased; the last three are
    those by which a person is found."""

    REJECTED = "rejected_events"
    HITS = "hits"
    VISITS = "visits"
    CLICKS = "clicks"
    EVENTS = "events"
    IDENTITIES = "identities"
    LINKS = "person_links"
    MEMBERS = "person_members"


#: Tables in which sweeping hides rows of superseded builds without deleting them.
SWEPT = ("hits", "visits", "conversions", "credits")
_LAST = (PersonTable.IDENTITIES, PersonTable.LINKS, PersonTable.MEMBERS)


class Erased(msgspec.Struct, frozen=True):
    """What went: visitors of the person, rows by table (0 left out), lines of refused segments,
    cards and notes."""

    site: str
    visitors: list[str]
    rows: dict[str, int]
    failed_lines: int
    written: int


@dataclass(frozen=True, slots=True)
class ErasureDeps:
    """Where a person may be found. ``load`` loads what was acknowledged, or raises Unavailable."""

    warehouse: Warehouse
    db: Engine
    clock: Clock
    spool: Path
    load: Callable[[], object]
    holder: str


def erase_person(deps: ErasureDeps, site: Site, person: str) -> Erased:
    """Erase the person whom one of his visitors names; InvalidInput for no such name.

    Repeating it does no harm, and it has to be repeated after Unavailable, while the engine is away
    or events cannot be loaded.
    """
    with _lease(deps):
        deps.load()
        refresh(deps.warehouse, [site.key], next_number(deps.db, "build"))
        visitors = visitors_of(deps.warehouse, site, person)
        names = [visitor_name(visitor) for visitor in visitors]
        suppress_visitors(deps.db, site.key, names, now=deps.clock())
        deps.load()
        failed = forget_failed(deps.spool, site.key, visitors)
        _mark_followers(deps, site, visitors)
        rows, days = _erase_rows(deps, site, visitors)
        written = forget(deps.db, site.key, names)
        _mark(deps, site, visitors, days)
    return Erased(site.key, names, rows, failed, written)


@contextmanager
def _lease(deps: ErasureDeps) -> Iterator[None]:
    end = monotonic() + WAIT
    while True:
        lease = leases.acquire(deps.db, LEASE, deps.holder, LEASE_TIME, deps.clock())
        if lease is not None:
            break
        if monotonic() >= end:
            raise Unavailable("A run is reconciling.", hint="Repeat the erasure.")
        sleep(0.1)
    try:
        yield
    finally:
        leases.release(deps.db, lease, deps.clock())


def _erase_rows(
    deps: ErasureDeps, site: Site, visitors: Sequence[int]
) -> tuple[dict[str, int], set[date]]:
    """Delete everywhere; how many rows of each table, and the days of conversions that went."""
    warehouse = deps.warehouse
    key: dict[str, object] = {"site": site.key}
    offline = offline_of(warehouse, site.key, site.timezone, visitors)
    ids = sorted({external_id for external_id, _ in offline})
    own = warehouse.rows(
        load_sql(PACKAGE, "person_conversions.sql"),
        key | {"visitors": list(visitors), "ids": ids},
    )
    days = {day for _, day in [*own, *offline]}
    conversions: dict[str, object] = {"conversions": sorted({int(number) for number, _ in own})}
    rows = {
        name: _delete(warehouse, name, load_sql(PACKAGE, f"erase_{file}.sql"), key | wanted)
        for name, file, wanted in (
            ("credits", "credits", conversions),
            ("conversions", "conversions", conversions),
            ("offline_conversions", "offline", {"ids": ids}),
        )
    }
    template = load_sql(PACKAGE, "erase_visitors.sql")
    days |= _event_days(warehouse, site, visitors)
    for table in PersonTable:
        if table is _LAST[0]:
            _unmask(warehouse)
        sql = template.replace("ALTER TABLE events", f"ALTER TABLE {table}")
        rows[table] = _delete(warehouse, table, sql, key | {"visitors": list(visitors)})
    names = [visitor_name(visitor) for visitor in visitors]
    wanted = {"names": names, "visitors": list(visitors)}
    for name, file in (("person_links", "named"), ("person_members", "members")):
        sql = load_sql(PACKAGE, f"erase_{file}.sql")
        rows[name] += _delete(warehouse, name, sql, key | wanted)
    return {table: count for table, count in rows.items() if count}, days


def _unmask(warehouse: Warehouse) -> None:
    template = load_sql(PACKAGE, "erase_masked.sql")
    for table in SWEPT:
        sql = template.replace("ALTER TABLE hits", f"ALTER TABLE {table}")
        warehouse.execute(sql, {}, settings={"mutations_sync": 2})


def _delete(warehouse: Warehouse, table: str, sql: str, params: dict[str, object]) -> int:
    """Run a deletion if it concerns any row, and wait for it; how many rows it concerns."""
    _, _, condition = sql.partition("WHERE")
    ((count,),) = warehouse.rows(f"SELECT count() FROM {table} WHERE {condition}", params)
    if count:
        warehouse.execute(sql, params, settings={"mutations_sync": 2})
    return int(count)


def _event_days(warehouse: Warehouse, site: Site, visitors: Sequence[int]) -> set[date]:
    rows = warehouse.rows(
        load_sql(PACKAGE, "people_days.sql"),
        {"site": site.key, "zone": site.timezone, "visitors": list(visitors)},
    )
    return {day for (day,) in rows}


def _mark_followers(deps: ErasureDeps, site: Site, visitors: Sequence[int]) -> None:
    """Visits of others by his click ids: when he is gone, the next one to bring it owns it."""
    rows = deps.warehouse.rows(
        load_sql(PACKAGE, "click_followers.sql"),
        {"site": site.key, "visitors": list(visitors)},
    )
    slices = [Slice("visits", site.key, day, int(bucket)) for day, bucket in rows]
    mark(deps.db, slices, now=deps.clock())


def _mark(deps: ErasureDeps, site: Site, visitors: Sequence[int], days: Iterable[date]) -> None:
    """What was summed over the person's visits is summed again."""
    frame = Frame(site, plans_of(deps.db, [site.key])[site.key])
    slices = set()
    for day in set(days):
        buckets = set(map(frame.dealing(day).bucket, visitors))
        slices |= {Slice("visits", site.key, day, bucket) for bucket in buckets}
        slices.add(Slice("credits", site.key, day))
    mark(deps.db, slices, now=deps.clock())
