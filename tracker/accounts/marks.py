"""Dirty marks: which slices of which site await a rebuild.

A writer of facts marks the slices that they touch after the facts are in. A rebuild takes
marks, rebuilds, then clears them; a mark set again in between has a higher ``seq``, survives the
clearing, and is taken again. So no fact is left out, whatever dies when.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Literal, TypeVar, get_args

from sqlalchemy import Connection, Engine, and_, bindparam, delete, func, select, update

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.counters import advance
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert

_T = TypeVar("_T")
#: ``clicks``: look-ups of clicks of that day have arrived; they become marks of visits.
MarkKind = Literal["visits", "credits", "spend", "clicks"]
KINDS: tuple[MarkKind, ...] = get_args(MarkKind)
#: Marks written in one transaction; others may write between two.
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Slice:
    """A unit of rebuilding: one kind of derived rows of a site's local day and bucket."""

    kind: MarkKind
    site: str
    day: date
    bucket: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A slice that is dirty since an instant; ``seq`` tells this marking from a later one."""

    slice: Slice
    seq: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many slices of a kind are dirty, and since when the oldest is."""

    kind: MarkKind
    count: int
    oldest: datetime


def mark(db: Engine, marks: Iterable[Slice], *, now: datetime | None = None) -> None:
    """Mark slices dirty; marking again raises ``seq`` and keeps ``since``. Nothing for none."""
    instant = now or utc_now()
    for chunk in _chunks(sorted(set(marks), key=_key)):
        with write(db) as connection:
            mark_within(connection, chunk, instant)


def mark_within(connection: Connection, marks: Sequence[Slice], now: datetime) -> None:
    """The same inside a transaction of the caller's, so that a change and its marks are one."""
    if not marks:
        return
    # The counter's row is locked until the end: on PostgreSQL two callers that mark the same
    # slices in different order would otherwise deadlock.
    seq = advance(connection, "marks")
    table = schema.marks
    statement = upsert(connection, table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "site", "day", "bucket"],
            set_={"seq": statement.excluded.seq, "latest": statement.excluded.latest},
        ),
        [_row(item) | {"seq": seq, "since": now, "latest": now} for item in dict.fromkeys(marks)],
    )


def take(db: Engine, limit: int, per_site: int, *, kinds: Iterable[MarkKind] = KINDS) -> list[Mark]:
    """Up to ``limit`` marks, oldest first, at most ``per_site`` of one site; they stay marked.

    A site with a large backlog therefore cannot keep others waiting.
    """
    table = schema.marks
    order = (table.c.since, table.c.day, table.c.kind, table.c.bucket)
    place = func.row_number().over(partition_by=table.c.site, order_by=order).label("place")
    ranked = select(table, place).where(table.c.kind.in_(list(kinds))).subquery()
    query = (
        select(ranked)
        .where(ranked.c.place <= per_site)
        .order_by(ranked.c.since, ranked.c.place, ranked.c.site)
        .limit(limit)
    )
    with db.connect() as connection:
        return [
            Mark(Slice(row.kind, row.site, row.day, row.bucket), row.seq, row.since)
            for row in connection.execute(query)
        ]


def clear(db: Engine, marks: Iterable[Mark]) -> None:
    """Remove the marks that were rebuilt; one set again since it was taken stays.

    What stays counts as dirty from its latest marking on, because the rest has been rebuilt.
    """
    table = schema.marks
    same = and_(*(table.c[name] == bindparam(f"b_{name}") for name in _KEY))
    for chunk in _chunks(list(marks)):
        rows = [_bound(item) for item in sorted(chunk, key=lambda item: _key(item.slice))]
        with write(db) as connection:
            _lock(connection)
            connection.execute(delete(table).where(same, table.c.seq == bindparam("b_seq")), rows)
            connection.execute(update(table).where(same).values(since=table.c.latest), rows)


def backlog(db: Engine) -> list[Backlog]:
    """What is dirty, by kind; a kind with nothing dirty is absent."""
    table = schema.marks
    query = (
        select(table.c.kind, func.count().label("count"), func.min(table.c.since).label("oldest"))
        .group_by(table.c.kind)
        .order_by(table.c.kind)
    )
    with db.connect() as connection:
        return [Backlog(row[0], row[1], row[2]) for row in connection.execute(query)]


def dirty_days(db: Engine, site: str) -> list[date]:
    """The days of a site that await a rebuild of any kind, in order."""
    table = schema.marks
    query = select(table.c.day).where(table.c.site == site).distinct().order_by(table.c.day)
    with db.connect() as connection:
        return list(connection.scalars(query))


_KEY = ("kind", "site", "day", "bucket")


def _lock(connection: Connection) -> None:
    counters = schema.counters
    connection.execute(select(counters.c.value).where(counters.c.name == "marks").with_for_update())


def _row(item: Slice) -> dict[str, Any]:
    return {name: getattr(item, name) for name in _KEY}


def _bound(item: Mark) -> dict[str, Any]:
    return {f"b_{name}": value for name, value in _row(item.slice).items()} | {"b_seq": item.seq}


def _key(item: Slice) -> tuple[str, str, date, int]:
    return item.kind, item.site, item.day, item.bucket


def _chunks(items: Sequence[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
