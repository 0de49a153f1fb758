"""Pushed spend: whole days that a script inside the ad account sends, as slices that readers see.

A day takes the place of whatever stood for it; sent again unchanged it changes nothing. What would
remove campaigns, lower a day's cost by more than 30% or count rows twice asks first, unless the
sender says ``replace``. The account's own sums are stored beside, as those of connectors are.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from tracker.accounts.marks import Slice, mark
from tracker.accounts.platforms import is_known, parse_platform
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput, NeedsConfirmation, Unavailable
from tracker.money import decimal_text
from tracker.period import Period, local_day, parse_zone
from tracker.spend.comparison import Comparison, compare_staged
from tracker.spend.connectors.contract import Capability
from tracker.spend.facts import (
    Total,
    Whose,
    old_totals,
    publish_facts,
    standing_totals,
    summed,
    total_row,
    write_facts,
)
from tracker.spend.files.rows import Scope
from tracker.spend.guard import objections
from tracker.spend.importer import SpendDeps
from tracker.spend.lines import Unit, line_of
from tracker.spend.owners import Owners, link_accounts
from tracker.spend.plan import Content, Plan, make_plan, stood
from tracker.spend.publication import Basis, Publication, next_pull, publish, write_rows
from tracker.spend.push_body import Push, day_rows, parse_push
from tracker.spend.report import FileFacts, SpendReport, change_of, make_report
from tracker.spend.staging import Staging
from tracker.spend.standing import Ledger, Window

ORIGIN = "push"
#: A publication that meets another import of the same days is tried so often.
MEETINGS = 3


def import_push(deps: SpendDeps, site: Site, body: bytes) -> SpendReport:
    """Take a body (see ``push_body.py``) into the site's ad account; synchronous.

    Errors, each with nothing taken: InvalidInput naming every place that is wrong,
    NeedsConfirmation for what ``replace`` consents to, Unavailable when the warehouse is away.
    """
    today = local_day(deps.clock(), parse_zone(site.timezone))
    # An account may be kept in a zone where tomorrow has begun.
    push = parse_push(body, today + timedelta(days=1))
    platform = parse_platform(push.platform)
    if not push.account.strip():
        raise InvalidInput("account: the number or name of the ad account is missing.")
    owners = Owners(deps.db, site, platform, push.account, push.currency)
    account, currency = owners.resolve("", "")
    if not is_known(platform):
        owners.warnings.append(
            f"{platform!r} is no platform from which visits are recognised; check the platform."
        )
    with Staging(deps.scratch) as staging:
        units = {
            one.day: Unit(account, one.day.toordinal(), one.day.toordinal()) for one in push.days
        }
        staging.add(line_of(row, units[day], currency) for day, row in day_rows(push))
        staging.seal()
        intake = _Intake(deps, site, push, owners, staging, list(units.values()))
        for meeting in range(1, MEETINGS + 1):
            try:
                return intake.run()
            except Unavailable:
                # Another import of these days came between; what it left is planned for anew.
                if meeting == MEETINGS:
                    raise
    raise LookupError(MEETINGS)


@dataclass(slots=True)
class _Intake:
    """One push on its way."""

    deps: SpendDeps
    site: Site
    push: Push
    owners: Owners
    staging: Staging
    units: list[Unit]

    def run(self) -> SpendReport:
        """Plan, compare, ask, write, publish."""
        deps, push = self.deps, self.push
        ledger = Ledger(deps.warehouse, self.site.tenant, self.owners.platform)
        window = Window(frozenset({self.account}), self.units[0].first_day, self.units[-1].last_day)
        basis = Basis(window, ledger.slices(window))
        plan = self._plan(basis)
        replaced = [one for target in plan.targets for one in target.replaced]
        comparison = compare_staged(
            self.staging, ledger, replaced, {target.unit for target in plan.targets}
        )
        currency = self.owners.found[self.account].currency or ""
        reasons = [] if push.replace else objections(plan, comparison, currency, ORIGIN)
        pull = None
        if not push.dry_run:
            _ask(reasons)
            sites = link_accounts(self.owners, ledger, deps.clock)
            pull = self._publish(ledger, basis, plan, comparison, sites)
            self._store_totals(currency, sites)
        facts = self._facts(currency)
        return make_report(facts, plan, comparison, reasons, dry_run=push.dry_run, pull=pull)

    @property
    def account(self) -> str:
        """The account, as spend stores it."""
        return self.units[0].account

    def _plan(self, basis: Basis) -> Plan:
        lined = {one.unit for one in self.staging.units()}
        silent = set(self.units) - lined
        today = local_day(self.deps.clock(), parse_zone(self.site.timezone))
        content = Content(Scope(), sorted(lined))
        # A day that is not over says nothing yet, unless something stands for it.
        empty = {unit for unit in silent if unit.first_day < today}
        empty |= silent & stood(Content(Scope(), (), empty=frozenset(silent)), basis.standing)
        content = Content(Scope(), content.units, empty=frozenset(empty))
        return make_plan(content, basis.standing, consent=self.push.replace)

    def _publish(
        self,
        ledger: Ledger,
        basis: Basis,
        plan: Plan,
        comparison: Comparison,
        sites: set[str],
    ) -> int | None:
        db = self.deps.db
        targets = [one for one in plan.targets if change_of(one, comparison) != "unchanged"]
        if not targets and not plan.removed():
            return None
        publication = Publication(ledger, basis, plan, targets, ORIGIN, "")
        pull = next_pull(db)
        write_rows(publication, self.staging, pull)
        publish(publication, pull, db, sites, self.deps.clock)
        return pull

    def _store_totals(self, currency: str, sites: set[str]) -> None:
        """Keep the account's sums of the days that have one, where they are new: they say another
        thing than before, or the same of other rows."""
        whose = Whose(self.site.tenant, self.owners.platform, self.account)
        warehouse, db, clock = self.deps.warehouse, self.deps.db, self.deps.clock
        first, last = self.units[0].first_day, self.units[-1].last_day
        told: dict[object, Total] = {}
        standing = standing_totals(warehouse, whose, first, last)
        old = old_totals(warehouse, whose, Period(first, last))
        for one in self.push.days:
            if one.total is not None:
                total = summed(None, one.total, currency)
                if one.day in old or standing.get(one.day) != total:
                    told[one.day] = total
        if not told:
            return
        days = [one.day for one in self.push.days if one.day in told]
        pull = next_pull(db)
        rows = [total_row(whose, day, told[day], pull) for day in days]
        dirty = [Slice("spend", site, day) for site in sites for day in days]
        want = Capability.ACCOUNT_TOTALS
        write_facts(warehouse, want, rows, f"push-{pull}-{secrets.token_hex(8)}")
        # On both sides of it, as with cost: see ``publication.py``.
        mark(db, dirty, now=clock())
        try:
            publish_facts(warehouse, whose, want, dict.fromkeys(days, 1), pull, clock())
        finally:
            mark(db, dirty, now=clock())

    def _facts(self, currency: str) -> FileFacts:
        rows = [row for _, row in day_rows(self.push)]
        return FileFacts(
            site=self.site.key,
            file="",
            platform=self.owners.platform,
            account=self.account,
            currency=currency,
            layout=ORIGIN,
            scope=str(Scope()),
            rows=len(rows),
            skipped=0,
            impressions=sum(row.impressions for row in rows),
            clicks=sum(row.clicks for row in rows),
            cost=decimal_text(sum((row.cost for row in rows), Decimal(0))) or "0.00",
            problems=[],
            warnings=list(dict.fromkeys(self.owners.warnings)),
        )


def _ask(reasons: Sequence[str]) -> None:
    if reasons:
        raise NeedsConfirmation(
            " ".join(reasons) + " Nothing was imported.",
            hint='If that is right, send it with "replace": true.',
        )
