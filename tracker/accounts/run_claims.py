"""Claims on runs: one process works on a run, and on its ad account, at a time.

A run is held by whoever has the lease of its ad account. Every change of a running run names the
lease's fence, so a process that was paused while another took over changes nothing. ``done`` days
are not asked for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine, or_, select, update

from tracker.accounts import leases, schema
from tracker.accounts.connection_runs import (
    OPEN,
    ConnectionRun,
    Counts,
    Results,
    RunState,
    encoded,
    plain_text,
    run_of,
)
from tracker.accounts.database import write

#: A process that gives no sign of life for so long has died.
TTL = timedelta(seconds=60)
#: No run waits longer, whatever the platform asks for. One that seems to was put off by a clock
#: that was ahead, and may be taken.
LONGEST = timedelta(hours=6)


def claimable(db: Engine, now: datetime, *, only: str = "", limit: int = 50) -> list[ConnectionRun]:
    """Runs of active connections that somebody may take now, oldest first; or ``only`` that."""
    table, connections = schema.connection_runs, schema.connections
    query = (
        select(table)
        .join(connections, connections.c.id == table.c.connection)
        .where(connections.c.state == "active", _takeable(now))
        .order_by(table.c.due_at, table.c.queued_at, table.c.id)
        .limit(limit)
    )
    if only:
        query = query.where(table.c.id == only)
    with db.connect() as opened:
        return [run_of(row) for row in opened.execute(query)]


def claim(
    db: Engine, run: ConnectionRun, holder: str, now: datetime
) -> tuple[ConnectionRun, leases.Lease] | None:
    """Take a run: the lease of its ad account and the run itself, or None.

    The lease is by (tenant, kind, account), so two connections to one account take turns.
    """
    lease = leases.acquire(db, lease_name(run), holder, TTL, now)
    if lease is None:
        return None
    table = schema.connection_runs
    with write(db) as connection:
        row = connection.execute(
            update(table)
            .where(table.c.id == run.id, _takeable(now))
            .values(
                state="running",
                holder=holder,
                fence=lease.fence,
                expires_at=now + TTL,
                started_at=run.started_at or now,
            )
            .returning(*table.c)
        ).one_or_none()
    if row is None:
        leases.release(db, lease, now)
        return None
    return run_of(row), lease


def lease_name(run: ConnectionRun) -> str:
    """The name of the lease of the run's ad account, or of its source."""
    whose = run.account or run.connection
    text = "\0".join((run.tenant, run.kind, whose))
    return f"pull:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def note_run(db: Engine, run: ConnectionRun, now: datetime, counts: Counts) -> bool | None:
    """A sign of life with how far it is. Whether a stop was asked for; None when the run is no
    longer ours."""
    values = msgspec.structs.asdict(counts) | {"expires_at": now + TTL}
    table = schema.connection_runs
    with write(db) as connection:
        stop: bool | None = connection.execute(
            update(table).where(_ours(run)).values(**values).returning(table.c.stop)
        ).scalar_one_or_none()
    return stop


def note_results(db: Engine, run: ConnectionRun, results: Results, warnings: Sequence[str]) -> bool:
    """Keep what is done by now; whether the run is still ours."""
    return _change(db, run, {"totals": encoded(results), "warnings": encoded(list(warnings))})


def end_run(
    db: Engine,
    run: ConnectionRun,
    state: RunState,
    now: datetime,
    *,
    due_at: datetime | None = None,
    attempts: int = 0,
    error: str = "",
    hint: str = "",
    cause: str = "",
) -> bool:
    """Let go of a running run: finished, or ``waiting`` or ``queued`` until ``due_at``."""
    values: dict[str, Any] = {
        "state": state,
        "holder": "",
        "expires_at": None,
        "due_at": due_at or now,
        "attempts": attempts,
        "finished_at": None if state in OPEN else now,
        "error": plain_text(error),
        "hint": plain_text(hint),
        "cause": cause,
    }
    return _change(db, run, values)


def recover_runs(db: Engine, now: datetime) -> int:
    """Free the runs that a dead process held: for the one process that may work on this
    installation's engine, at its start."""
    table, lease = schema.connection_runs, schema.leases
    with write(db) as connection:
        connection.execute(
            update(lease)
            .where(or_(lease.c.name.startswith("pull:"), lease.c.name.startswith("grant:")))
            .values(holder="", expires_at=now)
        )
        changed = connection.execute(
            update(table).where(table.c.state == "running").values(expires_at=now)
        )
    return changed.rowcount


def _takeable(now: datetime) -> Any:
    table = schema.connection_runs
    due = (table.c.due_at <= now) | (table.c.due_at > now + LONGEST)
    idle = table.c.state.in_(("queued", "waiting")) & due
    return idle | ((table.c.state == "running") & leases.over(table.c.expires_at, now))


def _ours(run: ConnectionRun) -> Any:
    columns = schema.connection_runs.c
    return (
        (columns.id == run.id)
        & (columns.state == "running")
        & (columns.holder == run.holder)
        & (columns.fence == run.fence)
    )


def _change(db: Engine, run: ConnectionRun, values: Mapping[str, Any]) -> bool:
    with write(db) as connection:
        changed = connection.execute(
            update(schema.connection_runs).where(_ours(run)).values(**values)
        )
    return changed.rowcount == 1
