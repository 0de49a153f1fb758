"""Pulls of what platforms tell besides keyword cost, and of everything of an account in order.

As with cost, only days that the connector completed are published, all rows of a day at once; a
pull that fails leaves the days as they were. Days of click look-ups are told again for as long as
the platform keeps them; a click once told stays.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, timedelta

from tracker.accounts.ad_accounts import find_ad_account
from tracker.accounts.marks import MarkKind, Slice, mark
from tracker.period import Period, local_day, parse_zone
from tracker.spend.connectors.contract import Batch, Capability, Complete, TotalRow, each_day
from tracker.spend.connectors.failures import Terminal, Transient
from tracker.spend.facts import (
    Total,
    Whose,
    changed_terms,
    old_totals,
    publish_facts,
    rows_of,
    standing_facts,
    standing_totals,
    summed,
    total_row,
    write_facts,
)
from tracker.spend.importer import SpendDeps
from tracker.spend.owners import linked_sites
from tracker.spend.publication import next_pull
from tracker.spend.pull import PullReport, PullTarget, pull_spend

#: Rows of one insert.
BATCH = 50_000
#: What a connector is asked for after the cost, as far as it can.
EXTRAS = (Capability.ACCOUNT_TOTALS, Capability.CLICKS, Capability.SEARCH_TERMS)


@dataclass(slots=True)
class FactReport:
    """What a pull of facts did. ``days`` were completed, ``changed`` are those of them that
    readers now see another content of. ``failure`` is why it ended before its time."""

    want: Capability
    account: str
    rows: int = 0
    days: list[date] = field(default_factory=list)
    changed: list[date] = field(default_factory=list)
    failure: Transient | Terminal | None = None


@dataclass(slots=True)
class AccountReport:
    """What a pull of everything did; ``facts`` in the order in which they were asked for."""

    spend: PullReport
    facts: list[FactReport] = field(default_factory=list)

    @property
    def failure(self) -> Transient | Terminal | None:
        """The first failure, None if all is well."""
        failures = [self.spend.failure, *(one.failure for one in self.facts)]
        return next((one for one in failures if one), None)


async def pull_account(
    deps: SpendDeps,
    target: PullTarget,
    days: Period,
    extras: Sequence[Capability] = EXTRAS,
) -> AccountReport:
    """Pull the cost of these days, then totals, clicks and search terms where there are any.

    A failure ends it: what was published stays, and an authorisation is not tried again. Raises
    as ``pull_spend`` does.
    """
    report = AccountReport(await pull_spend(deps, target, days))
    for want in extras:
        if report.failure is not None:
            break
        wanted = _within_reach(deps, target, days, want)
        if wanted is not None:
            report.facts.append(await pull_facts(deps, target, wanted, want))
    return report


async def pull_facts(
    deps: SpendDeps, target: PullTarget, days: Period, want: Capability
) -> FactReport:
    """Pull one kind of fact (not KEYWORDS) of these days and publish what is complete."""
    report = FactReport(want, target.account.account)
    intake = _Intake(deps, target, want)
    try:
        async with aclosing(target.connector.fetch(target.account, days, want)) as stream:
            async for one in stream:
                if isinstance(one, Complete):
                    await asyncio.to_thread(intake.complete, one.days, report)
                else:
                    await asyncio.to_thread(intake.take, one)
    except (Transient, Terminal) as failure:
        report.failure = failure
    return report


class _Intake:
    """Facts on their way to the warehouse, in bounded memory. Rows of days that are never
    completed stay where no reader looks, until they are swept."""

    def __init__(self, deps: SpendDeps, target: PullTarget, want: Capability) -> None:
        self._deps = deps
        self._whose = Whose(target.tenant, target.connector.platform, target.account.account)
        self._want = want
        self._pull = next_pull(deps.db)
        self._token = f"facts-{self._pull}-{secrets.token_hex(8)}"
        self._written = 0
        self._rows: list[tuple[object, ...]] = []
        self._counts: Counter[date] = Counter()
        self._totals: dict[date, Total] = {}

    def take(self, batch: Batch) -> None:
        """Take the rows of a batch."""
        if self._want is Capability.ACCOUNT_TOTALS:
            for row in batch.rows:
                if isinstance(row, TotalRow):
                    before = self._totals.get(batch.day)
                    self._totals[batch.day] = summed(before, row, batch.currency)
            return
        rows = rows_of(self._whose, batch, self._pull)
        self._counts[batch.day] += len(rows)
        self._rows += rows
        if len(self._rows) >= BATCH:
            self._flush()

    def complete(self, days: Period, report: FactReport) -> None:
        """Publish days whose rows have all been taken."""
        changed, dirty = self._finish(days)
        counts = {day: self._counts[day] for day in each_day(days)}
        warehouse, now = self._deps.warehouse, self._deps.clock()
        # On both sides of it, as with cost: see ``publication.py``.
        self._mark(dirty)
        try:
            publish_facts(warehouse, self._whose, self._want, counts, self._pull, now)
        finally:
            self._mark(dirty)
        report.days += counts
        report.changed += changed
        report.rows += sum(counts.values())

    def _finish(self, days: Period) -> tuple[list[date], list[date]]:
        """Write what is left of these days; which of them tell another thing than before, and
        which are marked."""
        warehouse = self._deps.warehouse
        if self._want is Capability.ACCOUNT_TOTALS:
            changed = self._changed_totals(days)
            # The same total after newer rows counts again, and the gap to them is another one.
            again = old_totals(warehouse, self._whose, days)
            self._take_totals(days)
            self._flush()
            return changed, sorted(again.union(changed))
        if self._want is Capability.SEARCH_TERMS:
            self._flush()
            changed = changed_terms(warehouse, self._whose, days, self._pull)
            return changed, changed
        changed = self._changed_counts(days)
        self._flush()
        return changed, list(each_day(days))

    def _take_totals(self, days: Period) -> None:
        for day in each_day(days):
            if total := self._totals.get(day):
                self._rows.append(total_row(self._whose, day, total, self._pull))
                self._counts[day] = 1

    def _changed_totals(self, days: Period) -> list[date]:
        standing = standing_totals(self._deps.warehouse, self._whose, days.first, days.last)
        return [day for day in each_day(days) if standing.get(day) != self._totals.get(day)]

    def _changed_counts(self, days: Period) -> list[date]:
        standing = standing_facts(
            self._deps.warehouse, self._whose, self._want, days.first, days.last
        )
        return [
            day
            for day in each_day(days)
            if self._counts[day] != (standing[day].rows if day in standing else 0)
        ]

    def _flush(self) -> None:
        if self._rows:
            token = f"{self._token}-{self._written}"
            write_facts(self._deps.warehouse, self._want, self._rows, token)
            self._written += len(self._rows)
            self._rows = []

    def _mark(self, days: Iterable[date]) -> None:
        """What is derived follows: totals change what is unallocated, clicks whose visit it was,
        search terms the part of the cost that is theirs. Every day of clicks is marked, for a day
        with as many as before may have others; what says the same already is not rebuilt."""
        account = find_ad_account(self._deps.db, *self._whose)
        sites = linked_sites(self._deps.db, account) if account else set()
        kind: MarkKind = "clicks" if self._want is Capability.CLICKS else "spend"
        slices = [Slice(kind, site, day) for site in sites for day in days]
        if slices:
            mark(self._deps.db, slices, now=self._deps.clock())


def _within_reach(
    deps: SpendDeps, target: PullTarget, days: Period, want: Capability
) -> Period | None:
    """The days of these that the connector can be asked for, None if it cannot."""
    connector = target.connector
    if want not in connector.capabilities:
        return None
    if want is not Capability.CLICKS:
        return days
    zone = target.account.timezone or connector.schedule.timezone or "UTC"
    today = local_day(deps.clock(), parse_zone(zone))
    first = max(days.first, today - timedelta(days=connector.schedule.click_days))
    return Period(first, days.last) if first <= days.last else None
