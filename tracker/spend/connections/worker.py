"""The worker: claims runs that are due, works off several at once, and settles how they ended.

    Transient, Unavailable   waits and asks again, ever later, a bounded number of times
    Terminal                 ends; the connection or the account stops until a person has acted,
                             and people are told once
    stop, shutdown           ends between two portions; what is left can be resumed

An authorisation that failed is never tried again by itself: 360 locks an account after five.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import structlog
from sqlalchemy import Engine

from tracker.accounts import leases
from tracker.accounts.connection_accounts import change_account, get_account, stop_account
from tracker.accounts.connection_runs import ConnectionRun, failed_before, other_failure
from tracker.accounts.connections import (
    get_connection,
    note_failure,
    set_connection_state,
    settle_connection,
)
from tracker.accounts.run_claims import LONGEST, claim, claimable, end_run, note_run
from tracker.errors import InvalidInput, TrackerError, Unavailable
from tracker.period import Period
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.execution import Execution
from tracker.spend.connections.kinds import Notice, Workshop
from tracker.spend.connections.schedule import watermark_after
from tracker.spend.connectors.failures import Cause, Terminal, Transient

log = structlog.get_logger(__name__)

#: Runs at once in one process. They wait for platforms most of the time.
AT_ONCE = 8
#: Seconds between two looks for what is due.
POLL = 0.5
#: Attempts without progress before a run is given up; waits double from the first to the longest.
ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
#: Causes that stop the connection as a whole, and those that stop the one account.
OF_CONNECTION = frozenset({Cause.AUTHORISATION, Cause.SETTING})
OF_ACCOUNT = frozenset({Cause.PERMISSION, Cause.ACCOUNT})


@dataclass(slots=True)
class Worker:
    """Works for one process until ``stopping`` is set."""

    shop: Workshop
    stopping: threading.Event = field(default_factory=threading.Event)
    jitter: Callable[[], float] = random.random

    def run(self) -> None:
        """Keep working, in this thread, whatever happens."""
        while not self.stopping.is_set():
            try:
                asyncio.run(self._serve())
            except Exception:
                log.exception("worker of connections begins anew")
                self.stopping.wait(5.0)

    def work_off(self, only: str = "") -> int:
        """Work off what can be claimed now, or only that run; how many runs were claimed."""
        return asyncio.run(self._work_off(only))

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        async with self.shop.client() as client:
            while not self.stopping.is_set():
                try:
                    tasks |= await self._begin(client, AT_ONCE - len(tasks))
                except TrackerError as error:
                    log.warning("connections wait", reason=str(error))
                if tasks:
                    _, tasks = await asyncio.wait(tasks, timeout=POLL)
                else:
                    await asyncio.sleep(POLL)
            if tasks:
                await asyncio.wait(tasks)

    async def _work_off(self, only: str) -> int:
        claimed = 0
        tasks: set[asyncio.Task[None]] = set()
        async with self.shop.client() as client:
            while True:
                new = await self._begin(client, AT_ONCE - len(tasks), only)
                claimed += len(new)
                tasks |= new
                if not tasks:
                    return claimed
                _, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _begin(
        self, client: httpx.AsyncClient, places: int, only: str = ""
    ) -> set[asyncio.Task[None]]:
        if places <= 0 or self.stopping.is_set():
            return set()
        found = await asyncio.to_thread(self._claim, places, only)
        return {
            asyncio.create_task(self._one(Execution(self.shop, client, run, lease, self.stopping)))
            for run, lease in found
        }

    def _claim(self, places: int, only: str) -> list[tuple[ConnectionRun, leases.Lease]]:
        shop = self.shop
        found: list[tuple[ConnectionRun, leases.Lease]] = []
        for run in claimable(shop.db, shop.now(), only=only):
            if len(found) < places:
                claimed = claim(shop.db, run, shop.holder, shop.now())
                found += [claimed] if claimed else []
        return found

    async def _one(self, execution: Execution) -> None:
        """Work off one run. Nothing is raised: there is nobody above to tell."""
        failure: Exception | None = None
        end = "done"
        try:
            end = await execution.work()
        except Exception as error:  # noqa: BLE001 -- the boundary of a job
            failure = error
        try:
            await asyncio.to_thread(self._settle, execution, end, failure)
        except TrackerError as error:
            # The run's lease ends by itself, then somebody takes it again.
            log.warning("run not settled", run=execution.run.id, reason=str(error))

    def _settle(self, execution: Execution, end: str, failure: Exception | None) -> None:
        shop, run = self.shop, execution.run
        if end != "lost":
            note_run(shop.db, run, shop.now(), execution.counts())
            if end == "stopped":
                end_run(shop.db, run, "stopped", shop.now())
            elif end == "shutdown":
                end_run(shop.db, run, "queued", shop.now(), attempts=run.attempts)
            elif failure is None:
                self._succeeded(execution)
            else:
                self._failed(execution, failure)
        leases.release(shop.db, execution.lease, shop.now())

    def _succeeded(self, execution: Execution) -> None:
        shop, run = self.shop, execution.run
        if not end_run(shop.db, run, "ok", shop.now()):
            return
        changes: dict[str, object] = {"error": "", "cause": ""}
        if run.first_day and run.last_day:
            account = get_account(shop.db, run.connection, run.account)
            days = Period(run.first_day, run.last_day)
            changes["watermark"] = watermark_after(kind_of(run.kind), account, days, shop.now())
        change_account(shop.db, run.connection, run.account, **changes)
        # What stands against another account is not over because this one is well.
        other = other_failure(shop.db, run.connection, run.account)
        if other is None:
            settle_connection(shop.db, run.connection)
        else:
            at = other.finished_at
            note_failure(shop.db, run.connection, _shown(other), other.cause, now=at)

    def _failed(self, execution: Execution, failure: Exception) -> None:
        attempts = 1 if execution.progressed else execution.run.attempts + 1
        passing = isinstance(failure, Unavailable)
        if passing and attempts <= ATTEMPTS:
            self._wait(execution.run, failure, attempts)
            return
        if not isinstance(failure, TrackerError):
            log.error("run failed", run=execution.run.id, exc_info=failure)
            failure = InvalidInput(
                f"The import failed unexpectedly ({type(failure).__name__}).",
                hint="The log of the server says why.",
            )
        if passing:
            failure.hint = f"Given up after {ATTEMPTS} attempts; the next run tries again."
        self._end(execution.run, failure)

    def _wait(self, run: ConnectionRun, failure: Exception, attempts: int) -> None:
        now = self.shop.now()
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempts - 1)) * (1 + self.jitter() / 4)
        asked = failure.delay if isinstance(failure, Transient) else None
        wait = min(max(wait, asked or 0.0), LONGEST.total_seconds())
        end_run(
            self.shop.db,
            run,
            "waiting",
            now,
            due_at=now + timedelta(seconds=wait),
            attempts=attempts,
            error=failure.message if isinstance(failure, TrackerError) else "",
            cause="transient",
        )

    def _end(self, run: ConnectionRun, failure: TrackerError) -> None:
        """End a run for good, and stop what cannot work until a person has acted."""
        db, now = self.shop.db, self.shop.now()
        cause = failure.cause if isinstance(failure, Terminal) else None
        code = str(cause or "error")
        if not end_run(
            db, run, "failed", now, error=failure.message, hint=failure.hint, cause=code
        ):
            return
        shown = _shown(failure)
        if cause in OF_CONNECTION:
            news = set_connection_state(
                db, run.connection, "needs_authorisation", error=shown, cause=code, now=now
            )
        elif cause in OF_ACCOUNT:
            news = stop_account(db, run.connection, run.account, shown, code)
            note_failure(db, run.connection, shown, code, now=now)
        else:
            # What stands against the connection may be another account's, which fails in turns.
            was_well = note_failure(db, run.connection, shown, code, now=now)
            news = was_well or not failed_before(db, run, code)
        if news:
            self._tell(db, run, failure, code)

    def _tell(self, db: Engine, run: ConnectionRun, failure: TrackerError, cause: str) -> None:
        connection = get_connection(db, run.connection)
        notice = Notice(
            connection.tenant,
            connection.site,
            connection.id,
            connection.name,
            connection.kind,
            run.account,
            cause,
            failure.message,
            failure.hint,
        )
        log.warning("connection needs attention", connection=connection.id, reason=str(failure))
        try:
            self.shop.notify(notice)
        except Exception:
            log.exception("notice not sent", connection=connection.id)


def _shown(failed: TrackerError | ConnectionRun) -> str:
    """What went wrong and what to do, as it stands against a connection."""
    said = failed.message if isinstance(failed, TrackerError) else failed.error
    return f"{said} {failed.hint}".strip()
