"""Runs by hand: which days of which accounts are asked for, and waiting for them to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import Engine

from tracker.accounts.clock import Clock
from tracker.accounts.connection_accounts import ConnectionAccount, get_account, list_accounts
from tracker.accounts.connection_runs import (
    ConnectionRun,
    NewRun,
    Trigger,
    get_connection_run,
    queue_run,
    resume_run,
)
from tracker.accounts.connections import Connection
from tracker.errors import InvalidInput, TrackerError
from tracker.period import Period
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.kinds import Workshop
from tracker.spend.connections.schedule import newest_day, recent
from tracker.spend.connections.worker import Worker

log = structlog.get_logger(__name__)
Progress = Callable[[int, int | None], None]
#: Seconds between two looks at runs that are waited for.
LOOK = 0.3


def ask(
    db: Engine, connection: Connection, account: str | None, days: Period | None, clock: Clock
) -> list[str]:
    """Queue a run of one account, or of every enabled one; the recent days, or those given.

    InvalidInput when there is nothing to run, the connection does not run, or the days cannot be
    had.
    """
    _check_runs(connection)
    if account is None:
        accounts: Sequence[ConnectionAccount] = list_accounts(db, connection.id, enabled=True)
    else:
        accounts = [get_account(db, connection.id, account)]
    if not accounts:
        raise InvalidInput(
            f"No account of the connection {connection.name!r} is chosen.",
            hint="Choose the accounts that are imported first.",
        )
    now = clock()
    trigger: Trigger = "backfill" if days else "manual"
    asked = []
    for one in accounts:
        wanted = checked_days(connection, one, days, clock) if days else None
        wanted = wanted or recent(connection, one, now)
        first, last = (wanted.first, wanted.last) if wanted else (None, None)
        new = NewRun(
            connection.tenant, connection.id, connection.kind, one.account, trigger, first, last
        )
        asked.append(queue_run(db, new, now))
    return asked


def checked_days(
    connection: Connection, account: ConnectionAccount, days: Period, clock: Clock
) -> Period:
    """The days, up to yesterday in the account's zone and as far back as the platform goes."""
    kind = kind_of(connection.kind)
    if not kind.has_accounts:
        raise InvalidInput(
            f"{kind.title} is not asked for days: its files say which they hold.",
            hint="Run it without days.",
        )
    newest = newest_day(kind, account, clock())
    earliest = newest - timedelta(days=kind.kept_days - 1)
    if days.first < earliest or days.last > newest:
        raise InvalidInput(
            f"{days.first} to {days.last} cannot be had: allowed are days from {earliest} to "
            f"{newest}.",
            hint="The platform keeps no earlier days, and today is not over.",
        )
    return days


def again(db: Engine, connection: Connection, run: str, clock: Clock) -> None:
    """Let a run that was stopped or has failed go on."""
    _check_runs(connection)
    if not resume_run(db, run, clock()):
        raise InvalidInput(
            "Only a run that was stopped or has failed can go on.", hint="Start a new one."
        )


def _check_runs(connection: Connection) -> None:
    if connection.state == "active":
        return
    why = {
        "needs_authorisation": "it has to be authorised again",
        "paused": "it is paused",
        "disconnected": "it was disconnected",
    }[connection.state]
    raise InvalidInput(
        f"The connection {connection.name!r} does not run: {why}.",
        hint="Put that right on the page of the connection.",
    )


def finish(
    shop: Workshop, runs: Sequence[str], progress: Progress = lambda _done, _expected: None
) -> list[ConnectionRun]:
    """Work the runs off here, unless another process takes them first, and wait until each has
    ended or waits for the platform; how they are then."""
    ended: dict[str, ConnectionRun] = {}
    stopping = threading.Event()
    helper = threading.Thread(target=_help, args=(shop, runs, stopping), name="runs by hand")
    helper.start()
    try:
        while len(ended) < len(runs):
            found = [get_connection_run(shop.db, run) for run in runs]
            ended = {run.id: run for run in found if run.state not in ("queued", "running")}
            done = sum(run.counts.days_done for run in found)
            progress(done, sum(run.counts.days_asked for run in found) or None)
            if len(ended) < len(runs):
                time.sleep(LOOK)
    finally:
        stopping.set()
        helper.join()
    return [ended[run] for run in runs]


def _help(shop: Workshop, runs: Sequence[str], stopping: threading.Event) -> None:
    worker = Worker(shop, stopping)
    while not stopping.is_set():
        try:
            for run in runs:
                worker.work_off(run)
        except TrackerError as error:
            log.warning("connections wait", reason=str(error))
        stopping.wait(LOOK)
