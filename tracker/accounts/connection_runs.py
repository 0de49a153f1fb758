"""Runs of connections: asked for, claimed by one process, followed, ended, kept for 400 days.

    queued ──claim──▶ running ──▶ ok | failed | stopped
       ▲                │  ▲
       └── shutdown ────┤  └──claim── waiting (asks again at due_at)
                        └──────────────▲

How runs are claimed and what their holder may change is in ``run_claims.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.accounts.runs import KEEP
from tracker.errors import NotFound

RunState = Literal["queued", "running", "waiting", "ok", "failed", "stopped"]
Trigger = Literal["schedule", "weekly", "manual", "backfill"]
OPEN: tuple[RunState, ...] = ("queued", "running", "waiting")


class DayCost(msgspec.Struct, frozen=True):
    """What a day cost at the platform, decimal text in the run's currency."""

    day: date
    cost: str


class Results(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run did so far. ``done`` days are complete; ``days`` their cost, newest first;
    ``counts`` named results; ``rows`` those of the ``done`` days."""

    currency: str = ""
    done: tuple[date, ...] = ()
    days: tuple[DayCost, ...] = ()
    counts: dict[str, Any] = {}
    rows: int = 0


class Counts(msgspec.Struct, frozen=True):
    """How far a run is. ``days_done`` counts up to ``days_asked``, 0 where there are no days."""

    days_done: int = 0
    days_asked: int = 0
    rows: int = 0
    requests: int = 0
    repeats: int = 0
    received: int = 0
    waited: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionRun:
    """A run. ``error``, ``hint`` and ``cause`` say why it failed, or why it waits."""

    id: str
    tenant: str
    connection: str
    kind: str
    account: str
    trigger: Trigger
    state: RunState
    first_day: date | None
    last_day: date | None
    queued_at: datetime
    due_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    holder: str
    fence: int
    stop: bool
    attempts: int
    counts: Counts
    results: Results
    warnings: tuple[str, ...]
    error: str
    hint: str
    cause: str

    @property
    def is_open(self) -> bool:
        """Whether something will still come of it by itself."""
        return self.state in OPEN

    @property
    def percent(self) -> int | None:
        """How much of its days is done; None for a run without days."""
        asked = self.counts.days_asked
        if self.state == "ok":
            return 100
        return min(99, 100 * self.counts.days_done // asked) if asked else None


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a run is asked for with. ``days`` None: whatever the source has."""

    tenant: str
    connection: str
    kind: str
    account: str
    trigger: Trigger
    first_day: date | None = None
    last_day: date | None = None


def queue_run(db: Engine, new: NewRun, now: datetime) -> str:
    """Ask for a run and return its id; one that says the same and has not begun stands for it."""
    table = schema.connection_runs
    same = [table.c[name] == getattr(new, name) for name in NewRun.__dataclass_fields__]
    with write(db) as connection:
        found: str | None = connection.execute(
            select(table.c.id).where(*same, table.c.state == "queued").limit(1)
        ).scalar_one_or_none()
        return found or insert_run(connection, new, now)


def insert_run(connection: Connection, new: NewRun, now: datetime) -> str:
    """The same inside a transaction of the caller's, without looking for another."""
    run = new_id()
    asked = (new.last_day - new.first_day).days + 1 if new.first_day and new.last_day else 0
    values: dict[str, Any] = {name: getattr(new, name) for name in NewRun.__dataclass_fields__}
    values |= msgspec.structs.asdict(Counts(days_asked=asked))
    connection.execute(
        insert(schema.connection_runs).values(
            **values,
            id=run,
            state="queued",
            queued_at=now,
            due_at=now,
            holder="",
            fence=0,
            stop=False,
            attempts=0,
            totals=encoded(Results()),
            warnings="[]",
            error="",
            hint="",
            cause="",
        )
    )
    return run


def stop_run(db: Engine, run: str, now: datetime) -> None:
    """Ask a run to stop: at once where nobody works on it, else at its next sign of life."""
    table = schema.connection_runs
    idle = table.c.state.in_(("queued", "waiting"))
    with write(db) as connection:
        connection.execute(
            update(table)
            .where(table.c.id == run, idle)
            .values(state="stopped", stop=True, finished_at=now)
        )
        connection.execute(
            update(table).where(table.c.id == run, table.c.state == "running").values(stop=True)
        )


def resume_run(db: Engine, run: str, now: datetime) -> bool:
    """Let a run that was stopped or has failed go on with the days that are not done."""
    table = schema.connection_runs
    with write(db) as connection:
        changed = connection.execute(
            update(table)
            .where(table.c.id == run, table.c.state.in_(("stopped", "failed")))
            .values(
                state="queued",
                stop=False,
                due_at=now,
                attempts=0,
                finished_at=None,
                error="",
                hint="",
                cause="",
            )
        )
    return changed.rowcount == 1


def get_connection_run(db: Engine, run: str, *, tenant: str | None = None) -> ConnectionRun:
    """The run of that id, of that tenant if one is given, or NotFound."""
    table = schema.connection_runs
    with db.connect() as opened:
        row = opened.execute(select(table).where(table.c.id == run)).one_or_none()
    if row is None or (tenant is not None and row.tenant != tenant):
        raise NotFound(f"No run {run!r}.", hint="Runs are kept for 400 days.")
    return run_of(row)


def list_connection_runs(
    db: Engine,
    *,
    tenant: str | None = None,
    connection: str | None = None,
    account: str | None = None,
    states: Iterable[RunState] = (),
    limit: int = 50,
    offset: int = 0,
) -> list[ConnectionRun]:
    """Runs that fit every filter given, newest first."""
    table = schema.connection_runs
    query = select(table).order_by(table.c.queued_at.desc(), table.c.id.desc())
    filters = (("tenant", tenant), ("connection", connection), ("account", account))
    for name, value in filters:
        if value is not None:
            query = query.where(table.c[name] == value)
    if chosen := list(states):
        query = query.where(table.c.state.in_(chosen))
    with db.connect() as opened:
        return [run_of(row) for row in opened.execute(query.limit(limit).offset(offset))]


def other_failure(db: Engine, connection: str, account: str) -> ConnectionRun | None:
    """The newest run with which another account of a connection failed and which no better run of
    that account followed; None if all that run are well. Accounts that say themselves what is
    wrong with them are left out."""
    table, accounts = schema.connection_runs, schema.connection_accounts
    ended = table.c.state.in_(("ok", "failed"))
    newest = (
        select(table.c.account, func.max(table.c.finished_at).label("at"))
        .where(table.c.connection == connection, table.c.account != account, ended)
        .group_by(table.c.account)
        .subquery()
    )
    query = (
        select(table)
        .join(newest, (table.c.account == newest.c.account) & (table.c.finished_at == newest.c.at))
        .join(
            accounts,
            (accounts.c.connection == table.c.connection) & (accounts.c.account == table.c.account),
        )
        .where(table.c.connection == connection, table.c.state == "failed")
        .where(accounts.c.enabled, accounts.c.error == "")
        .order_by(table.c.finished_at.desc(), table.c.id)
        .limit(1)
    )
    with db.connect() as opened:
        row = opened.execute(query).one_or_none()
    return run_of(row) if row else None


def failed_before(db: Engine, run: ConnectionRun, cause: str) -> bool:
    """Whether another run of the same account failed for that cause since one went well."""
    table = schema.connection_runs
    own = (table.c.connection == run.connection) & (table.c.account == run.account)
    well = select(func.max(table.c.finished_at)).where(own, table.c.state == "ok").scalar_subquery()
    query = (
        select(table.c.id)
        .where(own, table.c.id != run.id, table.c.state == "failed", table.c.cause == cause)
        .where(well.is_(None) | (table.c.finished_at > well))
        .limit(1)
    )
    with db.connect() as connection:
        return connection.execute(query).first() is not None


def prune_connection_runs(db: Engine, now: datetime) -> int:
    """Delete finished runs older than 400 days; how many there were."""
    table = schema.connection_runs
    with write(db) as connection:
        gone = connection.execute(
            delete(table).where(table.c.queued_at < now - KEEP, table.c.state.not_in(OPEN))
        )
    return gone.rowcount


def encoded(value: Any) -> str:
    """A value as the table keeps it."""
    return plain_text(msgspec.json.encode(value).decode())


def plain_text(value: str) -> str:
    """The text without NUL, which PostgreSQL refuses; an error may quote a broken answer."""
    return value.replace("\0", "\ufffd")


def run_of(row: Row[Any]) -> ConnectionRun:
    """The run of a row."""
    values = dict(row._mapping)
    del values["expires_at"]
    totals, warnings = values.pop("totals"), values.pop("warnings")
    counts = {name: values.pop(name) for name in Counts.__struct_fields__}
    return ConnectionRun(
        **values,
        counts=Counts(**counts),
        results=msgspec.json.decode(totals, type=Results),
        warnings=tuple(msgspec.json.decode(warnings)),
    )
