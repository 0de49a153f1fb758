"""One run from its claim to its end: portion by portion, with signs of life, stopped cleanly.

Days are asked for newest first, a portion at a time. What a portion published stays whatever
comes after; the run keeps which days are done, and goes on with the others. A run that was
stopped, or whose lease went to another process, publishes nothing more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import httpx

from tracker.accounts import leases
from tracker.accounts.connection_accounts import ConnectionAccount, get_account
from tracker.accounts.connection_runs import ConnectionRun, Counts, DayCost, Results
from tracker.accounts.connections import Connection, get_connection
from tracker.accounts.run_claims import TTL, note_results, note_run
from tracker.errors import TrackerError
from tracker.money import decimal_text
from tracker.period import Period
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.grants import StoredCredentials
from tracker.spend.connections.kinds import Kind, Outcome, Task, Workshop
from tracker.spend.connectors.contract import each_day
from tracker.spend.connectors.http import Wire
from tracker.spend.connectors.progress import Tally

#: Seconds between two looks at how far a run is, and between two signs of life without news.
LOOK = 0.5
SIGN = 2.0
DAY = timedelta(days=1)
#: So many warnings are kept.
WARNINGS = 100

End = Literal["done", "stopped", "lost", "shutdown"]


class Interrupted(Exception):
    """The run must not publish anything more."""


@dataclass(slots=True)
class Execution:
    """Works off one run that was claimed with ``lease``."""

    shop: Workshop
    client: httpx.AsyncClient
    run: ConnectionRun
    lease: leases.Lease
    stopping: threading.Event
    results: Results = field(default_factory=Results)
    warnings: list[str] = field(default_factory=list)
    progressed: bool = False
    _tally: Tally = field(default_factory=Tally)
    _portion: int = 0
    _days_before: int = 0
    _rows_before: int = 0
    _rows_done: int = 0
    _end: End = "done"
    _saying: asyncio.Task[bool | None] | None = None

    async def work(self) -> End:
        """Work until the end, whichever it is. Raises Transient, Terminal, Unavailable and
        whatever else went wrong, with the results kept."""
        self.results, self.warnings = self.run.results, list(self.run.warnings)
        # Days that are asked for again bring their rows again; files that were imported do not.
        self._rows_done = self.results.rows if self.run.first_day else self.run.counts.rows
        work = asyncio.create_task(self._portions())
        beat = asyncio.create_task(self._beat(work))
        try:
            await work
        except (asyncio.CancelledError, Interrupted):
            if not await self._ended_early():
                raise
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            # A thread goes on when who waits for it is cancelled, and what it was about to say is
            # older than what is said after the end.
            if self._saying is not None:
                await asyncio.wait({self._saying})
        return self._end

    async def _ended_early(self) -> bool:
        """Whether the end was ours to make, or made by the loss of the lease."""
        if self._end == "done" and not await asyncio.to_thread(self._is_ours):
            self._end = "lost"
        return self._end != "done"

    def counts(self) -> Counts:
        """How far the run is."""
        run, tally = self.run.counts, self._tally
        within = (tally.days - self._days_before) // max(1, self._passes)
        return Counts(
            days_done=len(self.results.done) + min(within, self._portion),
            days_asked=run.days_asked,
            rows=self._rows_done + tally.rows - self._rows_before,
            requests=run.requests + tally.requests,
            repeats=run.repeats + tally.repeats,
            received=run.received + tally.received,
            waited=run.waited + int(tally.waited),
        )

    @property
    def _passes(self) -> int:
        return kind_of(self.run.kind).passes

    async def _portions(self) -> None:
        connection, account = await asyncio.to_thread(self._whose)
        kind = kind_of(connection.kind)
        for days in portions_left(self.run, kind):
            self._portion = days.days if days else 0
            self._days_before, self._rows_before = self._tally.days, self._tally.rows
            outcome = await kind.run(self._task(connection, account, days))
            self._rows_done += outcome.rows
            self._rows_before = self._tally.rows
            self._portion, self._days_before = 0, self._tally.days
            await asyncio.to_thread(self._keep, outcome)
            if outcome.failure is not None:
                raise outcome.failure

    def _whose(self) -> tuple[Connection, ConnectionAccount]:
        connection = get_connection(self.shop.db, self.run.connection)
        return connection, get_account(self.shop.db, connection.id, self.run.account)

    def _task(
        self, connection: Connection, account: ConnectionAccount, days: Period | None
    ) -> Task:
        task = task_for(self.shop, self.client, connection, account, self._tally)
        return replace(task, days=days, check=self._check)

    def _check(self) -> None:
        if self._end != "done" or not self._is_ours():
            raise Interrupted

    def _is_ours(self) -> bool:
        return leases.is_current(self.shop.db, self.lease)

    def _keep(self, outcome: Outcome) -> None:
        self.progressed = self.progressed or bool(outcome.done)
        self.results = added(self.results, outcome)
        fresh = [text for text in outcome.warnings if text not in self.warnings]
        self.warnings = [*self.warnings, *fresh][:WARNINGS]
        if not note_results(self.shop.db, self.run, self.results, self.warnings):
            raise Interrupted

    async def _beat(self, work: asyncio.Task[None]) -> None:
        """Say how far the run is, keep its lease, and see whether it has to end."""
        said, at, renewed = Counts(), float("-inf"), asyncio.get_running_loop().time()
        while True:
            now = asyncio.get_running_loop().time()
            counts = self.counts()
            if self.stopping.is_set():
                self._interrupt("shutdown", work)
            try:
                if counts != said or now - at >= SIGN:
                    self._saying = asyncio.create_task(
                        asyncio.to_thread(note_run, self.shop.db, self.run, self.shop.now(), counts)
                    )
                    stop = await asyncio.shield(self._saying)
                    said, at = counts, now
                    if stop is None or stop:
                        self._interrupt("lost" if stop is None else "stopped", work)
                if now - renewed >= TTL.total_seconds() / 4:
                    renewed = now
                    await asyncio.to_thread(self._renew, work)
            except TrackerError:
                pass  # the store is away for a moment: the lease decides
            await asyncio.sleep(LOOK)

    def _renew(self, work: asyncio.Task[None]) -> None:
        if leases.renew(self.shop.db, self.lease, TTL, self.shop.now()) is None:
            work.get_loop().call_soon_threadsafe(self._interrupt, "lost", work)

    def _interrupt(self, end: End, work: asyncio.Task[None]) -> None:
        if self._end == "done":
            self._end = end
            work.cancel()


def task_for(
    shop: Workshop,
    client: httpx.AsyncClient,
    connection: Connection,
    account: ConnectionAccount,
    tally: Tally,
) -> Task:
    """A task of a connection without days: also what tests it."""
    kind = kind_of(connection.kind)
    deployment = shop.deployment.get(kind.name, {})
    credentials = StoredCredentials(
        shop.db, shop.sealer(), connection.id, shop.holder, shop.spend.clock, deployment
    )
    wire = Wire(
        kind.title,
        client,
        shop.spend.clock,
        shop.sleep,
        patience=shop.patience,
        tally=tally,
        scratch=shop.scratch,
    )
    return Task(connection, account, None, credentials, wire, shop.spend, deployment=deployment)


def portions_left(run: ConnectionRun, kind: Kind) -> Iterable[Period | None]:
    """What is left of a run, newest first; once None for a run without days."""
    if run.first_day is None or run.last_day is None:
        return [None]
    done = set(run.results.done)
    left = [day for day in each_day(Period(run.first_day, run.last_day)) if day not in done]
    portions: list[Period | None] = []
    while left:
        last = left.pop()
        first = last
        while left and first - left[-1] == DAY and (last - left[-1]).days < kind.chunk_days:
            first = left.pop()
        portions.append(Period(first, last))
    return portions


def added(results: Results, outcome: Outcome) -> Results:
    """The results with those of another portion, or of one that is asked for again."""
    costs: dict[date, str] = {one.day: one.cost for one in results.days}
    again = len(costs.keys() & outcome.cost.keys())
    for day, cost in outcome.cost.items():
        costs[day] = decimal_text(Decimal(cost).scaleb(-6)) or "0"
    counts = dict(results.counts)
    for name, count in outcome.counts.items():
        # A day that was told before is counted already, unless it says something else by now.
        fresh = max(0, count - again) if name == "unchanged" else count
        counts[name] = counts.get(name, 0) + fresh
    return Results(
        outcome.currency or results.currency,
        tuple(sorted({*results.done, *outcome.done})),
        tuple(DayCost(day, costs[day]) for day in sorted(costs, reverse=True)),
        counts,
        results.rows + (outcome.rows if outcome.done else 0),
    )
