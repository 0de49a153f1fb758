"""Pulls: what a connector gives becomes slices (account, day) that readers see at once.

Only days that the connector completed are published, a portion at a time, so a pull that dies has
published whole days and can be resumed with the others. A day takes the place of whatever stood
for it: a row that the platform dropped is gone. What is the same as before is not written again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from tracker.accounts.ad_accounts import AdAccount, find_ad_account, upsert_ad_account
from tracker.errors import Unavailable
from tracker.period import Period, local_day, parse_zone
from tracker.spend.comparison import Comparison, compare_staged
from tracker.spend.connectors.contract import (
    AccountRef,
    Batch,
    Capability,
    Complete,
    Connector,
    SpendRow,
    each_day,
)
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.files.rows import Scope
from tracker.spend.importer import SpendDeps
from tracker.spend.lines import Unit, line_of
from tracker.spend.owners import linked_sites
from tracker.spend.plan import Content, Plan, make_plan, stood
from tracker.spend.publication import Basis, Publication, next_pull, publish, write_rows
from tracker.spend.report import change_of
from tracker.spend.staging import Staging
from tracker.spend.standing import Ledger, Window

#: Whole days are published when so many of them, or so many rows, are there.
DAYS = 31
ROWS = 500_000
#: A publication that meets another import of the same days is tried so often.
MEETINGS = 3
ORIGIN = "api"
T = TypeVar("T")


@dataclass(slots=True)
class PullReport:
    """What a pull did. ``cost`` is the platform's, by day, in millionths of ``currency``; days
    without spend are there with 0. ``conflicts`` are days that were left as they are, because a
    period total that stands shares them. ``failure`` is why the pull ended before its time."""

    account: str
    currency: str = ""
    rows: int = 0
    cost: dict[date, int] = field(default_factory=dict)
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    conflicts: list[date] = field(default_factory=list)
    pulls: list[int] = field(default_factory=list)
    failure: Transient | Terminal | None = None

    def missing(self, days: Period) -> list[date]:
        """The days of these that were not completed."""
        return [day for day in each_day(days) if day not in self.cost]


@dataclass(frozen=True, slots=True)
class PullTarget:
    """Whose spend is pulled."""

    tenant: str
    connector: Connector
    account: AccountRef


async def pull_spend(deps: SpendDeps, target: PullTarget, days: Period) -> PullReport:
    """Pull the keyword cost of these days and publish what is complete.

    Failures of the platform are in the report, with the days before them published. Raises
    Unavailable when the warehouse is away: days that are not published yet stay as they were.
    """
    report = PullReport(target.account.account)
    portion = _Portion(deps, target)
    try:
        try:
            stream = target.connector.fetch(target.account, days, Capability.KEYWORDS)
            async with aclosing(stream):
                async for one in stream:
                    if isinstance(one, Complete):
                        portion.done.update(each_day(one.days))
                    else:
                        await _whole(portion.take, one)
                    if isinstance(one, Complete) and portion.full:
                        await _whole(portion.publish, report)
                        portion.close()
                        portion = _Portion(deps, target)
        except (Transient, Terminal) as failure:
            report.failure = failure
        if portion.done:
            await _whole(portion.publish, report)
    except Terminal as failure:
        report.failure = failure
    finally:
        portion.close()
    return report


async def _whole(work: Callable[[T], None], given: T) -> None:
    """Run in a thread, to its end even when the pull is cancelled: it uses the temporary file."""
    task = asyncio.ensure_future(asyncio.to_thread(work, given))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class _Portion:
    """Some days of a pull. ``done`` are those completed; lines of others are never published."""

    def __init__(self, deps: SpendDeps, target: PullTarget) -> None:
        self._deps = deps
        self._target = target
        self._staging = Staging(deps.scratch)
        self._rows: Counter[date] = Counter()
        self._cost: Counter[date] = Counter()
        self._currency = ""
        self._timezone = ""
        self.done: set[date] = set()

    @property
    def full(self) -> bool:
        """Whether it is time to publish."""
        return len(self.done) >= DAYS or self._rows.total() >= ROWS

    def close(self) -> None:
        """Remove the temporary file."""
        self._staging.__exit__(None, None, None)

    def take(self, batch: Batch) -> None:
        """Stage a batch."""
        self._currency, self._timezone = batch.currency, batch.timezone
        day = batch.day.toordinal()
        unit = Unit(batch.account, day, day)
        lines = [line_of(r, unit, batch.currency) for r in batch.rows if isinstance(r, SpendRow)]
        self._staging.add(lines)
        self._rows[batch.day] += len(lines)
        self._cost[batch.day] += sum(line.cost for line in lines)

    def publish(self, report: PullReport) -> None:
        """Let readers see the days that are done. Terminal, with nothing changed, for an account
        that turned out to be kept in another currency than it was."""
        self._staging.seal()
        sites = self._store()
        for meeting in range(1, MEETINGS + 1):
            try:
                self._publish(report, sites)
                return
            except Unavailable:
                # Another import of these days came between; what it left is planned for anew.
                if meeting == MEETINGS:
                    raise

    def _publish(self, report: PullReport, sites: set[str]) -> None:
        deps, target = self._deps, self._target
        ledger = Ledger(deps.warehouse, target.tenant, target.connector.platform)
        window = Window(frozenset({target.account.account}), min(self.done), max(self.done))
        basis = Basis(window, ledger.slices(window))
        plan, conflicts = self._plan(basis)
        replaced = [one for unit in plan.targets for one in unit.replaced]
        wanted = {target.unit for target in plan.targets}
        comparison = compare_staged(self._staging, ledger, replaced, wanted)
        targets = [one for one in plan.targets if change_of(one, comparison) != "unchanged"]
        if targets or plan.removed():
            publication = Publication(ledger, basis, plan, targets, ORIGIN, "")
            pull = next_pull(deps.db)
            write_rows(publication, self._staging, pull)
            publish(publication, pull, deps.db, sites, deps.clock)
            report.pulls.append(pull)
        self._report(report, plan, comparison, conflicts)

    def _plan(self, basis: Basis) -> tuple[Plan, set[date]]:
        """The plan, and the days left out of it because they would be counted twice."""
        account = self._target.account.account
        units = {day: Unit(account, day.toordinal(), day.toordinal()) for day in self.done}
        conflicts: set[date] = set()
        while True:
            open_days = sorted(self.done - conflicts)
            content = Content(Scope(), [units[day] for day in open_days if self._rows[day]])
            silent = [units[day] for day in open_days if not self._rows[day]]
            # A day that is not over says nothing yet, unless something stands for it.
            over = {unit for unit in silent if unit.first_day < self._today()}
            empty = frozenset(over | (set(silent) & stood(content, basis.standing)))
            plan = make_plan(
                Content(Scope(), content.units, empty=empty), basis.standing, consent=False
            )
            new = {
                day
                for _, standing in plan.conflicts
                for day in open_days
                if standing.unit.first_day <= day <= standing.unit.last_day
            }
            if not new:
                return plan, conflicts
            conflicts |= new

    def _today(self) -> date:
        known = self._timezone or self._target.account.timezone
        zone = known or self._target.connector.schedule.timezone or "UTC"
        return local_day(self._deps.clock(), parse_zone(zone))

    def _store(self) -> set[str]:
        """Store what the platform says of the account; the sites that its spend belongs to."""
        target, db = self._target, self._deps.db
        key = (target.tenant, target.connector.platform, target.account.account)
        known = find_ad_account(db, *key)
        if known and known.currency and self._currency not in ("", known.currency):
            raise Terminal(
                f"The {key[1]} account {key[2]!r} is kept in {known.currency} so far, and the "
                f"platform says {self._currency}. Nothing was imported.",
                cause=Cause.ACCOUNT,
                hint="An ad account has one currency: check its number.",
            )
        return linked_sites(
            db,
            upsert_ad_account(
                db,
                AdAccount(
                    *key,
                    name=target.account.name,
                    currency=self._currency or None,
                    timezone=self._timezone or None,
                ),
            ),
        )

    def _report(
        self, report: PullReport, plan: Plan, comparison: Comparison, conflicts: set[date]
    ) -> None:
        kinds = [change_of(target, comparison) for target in plan.targets]
        report.added += kinds.count("added")
        report.replaced += kinds.count("replaced")
        report.unchanged += kinds.count("unchanged")
        report.conflicts += sorted(conflicts)
        report.currency = report.currency or self._currency
        for day in sorted(self.done):
            report.cost[day] = self._cost[day]
            report.rows += self._rows[day]
