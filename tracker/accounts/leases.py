"""Leases: one holder at a time, for a time, with a fencing token that only grows.

A holder that was paused past its expiry may still believe it holds the lease. Before anything is
published, ``is_current`` tells whether somebody has taken over since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select, update

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert

#: No lease ends later than that from now: one that seems to was left by a clock far ahead, whose
#: process would otherwise keep others waiting until then, also when it is dead.
LONGEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease held until ``expires_at``; ``fence`` is higher than that of any earlier holder."""

    name: str
    holder: str
    fence: int
    expires_at: datetime


def acquire(db: Engine, name: str, holder: str, ttl: timedelta, now: datetime) -> Lease | None:
    """The lease if it is free or has expired, else None, also for the present holder.

    It is one conditional statement, so of many callers exactly one gets it. Clocks of machines
    that compete must agree to well within ``ttl``, which is at most half of ``LONGEST``.
    """
    table, expires_at = schema.leases, now + ttl
    with write(db) as connection:
        fence = connection.execute(
            upsert(connection, table)
            .values(name=name, holder=holder, fence=1, expires_at=expires_at)
            .on_conflict_do_update(
                index_elements=["name"],
                set_={"holder": holder, "fence": table.c.fence + 1, "expires_at": expires_at},
                # One that was released is free, also if a clock that was ahead has released it.
                where=over(table.c.expires_at, now) | (table.c.holder == ""),
            )
            .returning(table.c.fence)
        ).scalar_one_or_none()
    return None if fence is None else Lease(name, holder, fence, expires_at)


def over(expires_at: Any, now: datetime) -> Any:
    """The condition that what was held until then is nobody's any more."""
    return (expires_at <= now) | (expires_at > now + LONGEST)


def renew(db: Engine, lease: Lease, ttl: timedelta, now: datetime) -> Lease | None:
    """The lease with a later expiry, or None when it was released or taken over.

    A lease that has expired but that nobody has taken is renewed: its fence is still the highest.
    """
    expires_at = now + ttl
    changed = _change(db, lease, holder=lease.holder, expires_at=expires_at)
    return replace(lease, expires_at=expires_at) if changed else None


def release(db: Engine, lease: Lease, now: datetime) -> None:
    """Let others have it at once; does nothing when somebody else holds it already."""
    # The row stays, so that the fence of the next holder is higher still.
    _change(db, lease, holder="", expires_at=now)


def is_current(db: Engine, lease: Lease) -> bool:
    """Whether the lease was neither released nor taken over since it was acquired."""
    table = schema.leases
    with db.connect() as connection:
        row = connection.execute(
            select(table.c.fence).where(table.c.name == lease.name, table.c.holder == lease.holder)
        ).one_or_none()
    return row is not None and row.fence == lease.fence


def revoke(db: Engine, name: str, now: datetime) -> None:
    """Take the lease from whoever holds it.

    For a caller that knows the holder to be dead, such as one that has the lock of the embedded
    engine, without which nobody can build.
    """
    table = schema.leases
    with write(db) as connection:
        connection.execute(
            update(table).where(table.c.name == name).values(holder="", expires_at=now)
        )


def held(db: Engine, name: str, now: datetime) -> str | None:
    """Who holds the lease of that name now; None when nobody does."""
    table = schema.leases
    query = select(table.c.holder).where(
        table.c.name == name, table.c.expires_at > now, table.c.holder != ""
    )
    with db.connect() as connection:
        holder: str | None = connection.execute(query).scalar_one_or_none()
    return holder


def _change(db: Engine, lease: Lease, *, holder: str, expires_at: datetime) -> bool:
    table = schema.leases
    with write(db) as connection:
        changed = connection.execute(
            update(table)
            .where(
                table.c.name == lease.name,
                table.c.fence == lease.fence,
                table.c.holder == lease.holder,
            )
            .values(holder=holder, expires_at=expires_at)
        )
    return changed.rowcount == 1
