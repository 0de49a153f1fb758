"""The record of job runs: when, what for, how far, with what outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Engine, Row, delete, insert, select, update

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.errors import InvalidInput, NotFound

RunStatus = Literal["running", "ok", "failed", "held"]
#: Runs are kept so long: a year can be compared with the one before.
KEEP = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job; ``held`` means that it waits for a person's decision.

    ``done`` of ``expected`` (None: not known) is the progress while it runs. ``totals`` are
    named results as the job gives them; money in them is decimal text.
    """

    id: str
    job: str
    site: str | None
    trigger: str
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    done: int
    expected: int | None
    rows: int | None
    totals: dict[str, Any]
    error: str
    warnings: tuple[str, ...]


def start_run(
    db: Engine, *, job: str, site: str | None, trigger: str, now: datetime | None = None
) -> str:
    """Record the start of a run and return its id; trigger is ``schedule``, ``manual``, …"""
    run = new_id()
    with write(db) as connection:
        connection.execute(
            insert(schema.runs).values(
                id=run,
                job=job,
                site=site,
                trigger=trigger,
                status="running",
                started_at=now or utc_now(),
                done=0,
                totals="{}",
                error="",
                warnings="[]",
            )
        )
    return run


def note_progress(db: Engine, run: str, done: int, expected: int | None = None) -> None:
    """Say how far a run is; ignored once it has finished. Call it seldom: it is a write."""
    table = schema.runs
    with write(db) as connection:
        connection.execute(
            update(table)
            .where(table.c.id == run, table.c.status == "running")
            .values(done=done, expected=expected)
        )


def finish_run(
    db: Engine,
    run: str,
    status: RunStatus,
    *,
    rows: int | None = None,
    totals: Mapping[str, Any] | None = None,
    error: str = "",
    warnings: Sequence[str] = (),
    now: datetime | None = None,
) -> None:
    """Record the outcome of a running run; NotFound when there is none of that id."""
    if status not in get_args(RunStatus) or status == "running":
        raise InvalidInput(f"A run cannot finish as {status!r}.", hint="Use ok, failed or held.")
    table = schema.runs
    with write(db) as connection:
        changed = connection.execute(
            update(table)
            .where(table.c.id == run, table.c.status == "running")
            .values(
                status=status,
                finished_at=now or utc_now(),
                rows=rows,
                totals=_json(dict(totals or {})),
                error=_text(error),
                warnings=_json(list(warnings)),
            )
        )
    if not changed.rowcount:
        raise NotFound(f"No run {run!r} is in progress.")


def abandon_runs(db: Engine, *, jobs: Sequence[str] | None = None, error: str = "") -> int:
    """Mark what still says *running* as failed; how many there were.

    For the one process that runs the jobs, at its start: whatever ran before it died with its
    predecessor.
    """
    table = schema.runs
    statement = update(table).where(table.c.status == "running")
    if jobs is not None:
        statement = statement.where(table.c.job.in_(jobs))
    reason = error or "The process that ran this ended before the run did."
    with write(db) as connection:
        changed = connection.execute(
            statement.values(status="failed", finished_at=utc_now(), error=reason)
        )
    return changed.rowcount


def get_run(db: Engine, run: str) -> Run:
    """The run of that id, or NotFound."""
    with db.connect() as connection:
        row = connection.execute(select(schema.runs).where(schema.runs.c.id == run)).one_or_none()
    if row is None:
        raise NotFound(f"No run {run!r}.", hint="Runs are kept for 400 days.")
    return _run(row)


def list_runs(
    db: Engine,
    *,
    job: str | None = None,
    site: str | None = None,
    status: RunStatus | None = None,
    shared: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[Run]:
    """Runs, newest first, that fit every filter given.

    ``shared`` adds to a site's own runs those of jobs that work for all sites at once.
    """
    table = schema.runs
    query = select(table).order_by(table.c.started_at.desc(), table.c.id.desc())
    for column, value in ((table.c.job, job), (table.c.status, status)):
        if value is not None:
            query = query.where(column == value)
    if site is not None:
        own = table.c.site == site
        query = query.where(own | table.c.site.is_(None) if shared else own)
    with db.connect() as connection:
        return [_run(row) for row in connection.execute(query.limit(limit).offset(offset))]


def prune_runs(db: Engine, *, now: datetime | None = None) -> int:
    """Delete finished runs older than 400 days; how many there were."""
    table = schema.runs
    with write(db) as connection:
        gone = connection.execute(
            delete(table).where(
                table.c.started_at < (now or utc_now()) - KEEP, table.c.status != "running"
            )
        )
    return gone.rowcount


def _json(value: Any) -> str:
    return _text(msgspec.json.encode(value).decode())


def _text(value: str) -> str:
    # PostgreSQL refuses NUL in text; an error may quote a broken file.
    return value.replace("\0", "\ufffd")


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    values["totals"] = msgspec.json.decode(row.totals)
    values["warnings"] = tuple(msgspec.json.decode(row.warnings))
    return Run(**values)
