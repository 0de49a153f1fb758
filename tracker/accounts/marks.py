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
from typing import Any, Literal, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, and_, bindparam, delete, func, select, update

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.counters import advance
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert

_T = TypeVar("_T")
#: ``clicks``: look-ups of clicks of that day have arrived; they become marks of visits.
MarkKind = Literal["visits", "credits", "spend", "clicks"]
#: Marks written in one transaction; others may write between two.
CHUNK = 5_000


# NOTE: there may be a million of these two at once, and named tuples are made and hashed in a third
# of the time of data classes.
class Slice(NamedTuple):
    """A unit of rebuilding: one kind of derived rows of a site's local day and bucket."""

    kind: MarkKind
    site: str
    day: date
    bucket: int = 0


class Mark(NamedTuple):
    """A slice that is dirty; ``seq`` tells this marking from a later one."""

    slice: Slice
    seq: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many slices of a kind are dirty, and since when the oldest is."""

    kind: MarkKind
    count: int
    oldest: datetime


def mark(db: Engine, marks: Iterable[Slice], *, now: datetime | None = None) -> None:
    """Mark slices dirty; marking again raises ``seq`` and keeps ``since``. Nothing for none."""
    instant = now or utc_now()
    for chunk in _chunks(sorted(set(marks))):
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


def take(db: Engine, limit: int, per_site: int) -> list[Mark]:
    """Up to about ``limit`` marks, at most ``per_site`` of one site, its oldest; they stay marked.

    Sites with few get all of theirs, the others what is left in equal shares, at least one. A site
    with a large backlog therefore cannot keep others waiting. Where there are more sites than
    ``limit`` those that have waited longest are taken.
    """
    table = schema.marks
    counted = (
        select(table.c.site, func.count())
        .group_by(table.c.site)
        .order_by(func.min(table.c.since), table.c.site)
        .limit(limit)
    )
    # NOTE: instants are not read: to make two of each mark takes as long as all the rest.
    wanted = select(*(table.c[name] for name in (*_KEY, "seq")))
    of_site = (
        wanted.where(table.c.site == bindparam("of_site"))
        .order_by(table.c.since, table.c.day, table.c.kind, table.c.bucket)
        .limit(bindparam("share"))
    )
    with db.connect() as connection:
        counts = {row[0]: int(row[1]) for row in connection.execute(counted)}
        share = _share(counts.values(), limit, per_site)
        small = [site for site, count in counts.items() if count <= share]
        rows = list(connection.execute(wanted.where(table.c.site.in_(small)))) if small else []
        for site, count in counts.items():
            if count > share:
                rows += connection.execute(of_site, {"of_site": site, "share": share})
    return [Mark(Slice(kind, site, day, bucket), seq) for kind, site, day, bucket, seq in rows]


def _share(counts: Iterable[int], limit: int, per_site: int) -> int:
    """How many marks a site may have at most, so that all together have about ``limit``."""
    left, waiting = limit, sorted(counts)
    for place, count in enumerate(waiting):
        share = left // (len(waiting) - place)
        if count > share:
            return min(max(share, 1), per_site)
        left -= count
    return per_site


def clear(db: Engine, marks: Iterable[Mark]) -> None:
    """Remove the marks that were rebuilt; one set again since it was taken stays.

    What stays counts as dirty from its latest marking on, because the rest has been rebuilt.
    """
    table = schema.marks
    same = and_(
        *(table.c[name] == bindparam(f"b_{name}") for name in _ACROSS),
        table.c.day.between(bindparam("b_first"), bindparam("b_last")),
    )
    for runs in _chunks(_runs(marks)):
        with write(db) as connection:
            _lock(connection)
            # NOTE: a mark set again since then has a higher number than any that was taken.
            connection.execute(delete(table).where(same, table.c.seq <= bindparam("b_seq")), runs)
            connection.execute(update(table).where(same).values(since=table.c.latest), runs)


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
_ACROSS = ("kind", "site", "bucket")


def _lock(connection: Connection) -> None:
    counters = schema.counters
    connection.execute(select(counters.c.value).where(counters.c.name == "marks").with_for_update())


def _row(item: Slice) -> dict[str, Any]:
    return {name: getattr(item, name) for name in _KEY}


def _runs(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """Marks as runs of days that follow each other, with the highest number in each."""
    ordered = sorted(
        (kind, site, bucket, day.toordinal(), seq) for (kind, site, day, bucket), seq in marks
    )
    runs: list[dict[str, Any]] = []
    following: tuple[Any, ...] = ()
    for kind, site, bucket, number, seq in ordered:
        day = date.fromordinal(number)
        if (kind, site, bucket, number) == following:
            runs[-1] |= {"b_last": day, "b_seq": max(runs[-1]["b_seq"], seq)}
        else:
            across = {"b_kind": kind, "b_site": site, "b_bucket": bucket}
            runs.append({**across, "b_first": day, "b_last": day, "b_seq": seq})
        following = (kind, site, bucket, number + 1)
    return runs


def _chunks(items: Sequence[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
