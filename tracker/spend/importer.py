"""Import of spend files: a report becomes slices (account, day, scope) that readers see at once.

The same file again changes nothing. A restated file takes the place of its slices, and what it
no longer has is gone. Only slices whose lines changed are written and marked. What would remove
campaigns, lower a day's cost by more than 30% or count rows twice asks first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.platforms import is_known, parse_platform
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.money import decimal_text
from tracker.period import MAX_DAYS, local_day, parse_zone
from tracker.spend.comparison import Comparison, compare_staged
from tracker.spend.files.guidance import how_to_segment
from tracker.spend.files.reader import SpendFile, open_spend_file
from tracker.spend.files.rows import Scope
from tracker.spend.guard import ask, objections
from tracker.spend.owners import Owners, link_accounts
from tracker.spend.plan import Content, Plan, make_plan, stood
from tracker.spend.publication import Basis, Publication, next_pull, publish, write_rows
from tracker.spend.reading import READING, Progress, Reading
from tracker.spend.remainder import remainder
from tracker.spend.remembered import recall, remember
from tracker.spend.report import FileFacts, SpendReport, change_of, make_report
from tracker.spend.staging import Staging
from tracker.spend.standing import Ledger, StandingSlice, Window
from tracker.tables.intake import FILE_LIMIT, check_file, listed, refuse_problems
from tracker.warehouse.client import Warehouse

__all__ = ["Progress", "SpendDeps", "SpendOptions", "SpendReport", "import_spend_file"]


@dataclass(frozen=True, slots=True)
class SpendDeps:
    """Where an import reads and writes. ``file_limit`` is in bytes; ``scratch`` is a directory
    for temporary files, None for the system's; ``held`` is where files wait for a decision, None
    for nowhere."""

    warehouse: Warehouse
    db: Engine
    clock: Clock = utc_now
    file_limit: int = FILE_LIMIT
    scratch: Path | None = None
    held: Path | None = None


@dataclass(frozen=True, slots=True)
class SpendOptions:
    """How a file is imported; "" for what the file is to say itself.

    ``mapping`` is field → column. ``replace`` consents to what the import would ask about,
    ``partial`` keeps the campaigns that the file does not have, ``period_total`` stores a report
    without days as the total of its period. ``day`` is the day of a file that names none.
    ``filename`` is the original name of an upload; ``origin`` says by which way the file came.
    """

    platform: str = ""
    account: str = ""
    currency: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    skip_bad_rows: bool = False
    replace: bool = False
    partial: bool = False
    period_total: bool = False
    day: date | None = None
    origin: str = "file"
    filename: str = ""


def import_spend_file(
    deps: SpendDeps,
    site: Site,
    path: Path,
    options: SpendOptions,
    progress: Progress = lambda _done, _expected: None,
) -> SpendReport:
    """Import a report into the site's ad account; synchronous, so call it in a worker thread.

    Errors, each with nothing imported: InvalidInput for a file that cannot be used (every bad
    cell with its line and column), NeedsConfirmation for what ``replace`` consents to, Unavailable
    when the warehouse is away or another import changed the same days meanwhile.
    """
    check_file(path, deps.file_limit, options.filename)
    options, recalled = recall(deps.db, site.tenant, path, options)
    file = open_spend_file(
        path,
        platform=options.platform or None,
        mapping=options.mapping,
        day=options.day,
        name=options.filename,
    )
    platform = parse_platform(file.platform)
    _check_dated(file, platform, options)
    owners = Owners(deps.db, site, platform, options.account, options.currency, file.mark)
    if recalled:
        owners.warnings.append("The columns are those that were chosen for this layout before.")
    if not is_known(platform):
        owners.warnings.append(
            f"{platform!r} is no platform from which visits are recognised; check --platform."
        )
    with Staging(deps.scratch) as staging:
        return _Import(deps, site, options, Reading(file, owners, progress), staging).run()


def _check_dated(file: SpendFile, platform: str, options: SpendOptions) -> None:
    """InvalidInput for a report over several days that does not part them, unless wanted so."""
    if not file.undated:
        return
    if file.first is None or file.last is None:
        raise InvalidInput(
            "The report has no day column and does not name its period.",
            hint=how_to_segment(platform),
        )
    if not options.period_total:
        raise InvalidInput(
            f"The report has no day column and covers {file.first} to {file.last}; its cost "
            "cannot be given to days.",
            hint=f"{how_to_segment(platform)} Or import it with --period-total: as one total, "
            "seen only in reports that contain the whole period.",
        )
    days = (file.last - file.first).days + 1
    if days > MAX_DAYS:
        raise InvalidInput(f"The report's period has {days} days; at most {MAX_DAYS} are allowed.")


@dataclass(slots=True)
class _Import:
    """One import on its way."""

    deps: SpendDeps
    site: Site
    options: SpendOptions
    reading: Reading
    staging: Staging

    def run(self) -> SpendReport:
        """Read, plan, compare, ask, write, publish."""
        options, reading = self.options, self.reading
        self.staging.add(reading.lines())
        refuse_problems(reading.file.problems, skip=options.skip_bad_rows)
        if not reading.units:
            raise InvalidInput("No row of the file can be read; nothing was imported.")
        scope = reading.scope(lenient=options.partial)
        ledger = Ledger(self.deps.warehouse, self.site.tenant, reading.owners.platform)
        window = Window(frozenset(reading.accounts), *reading.span())
        standing = ledger.slices(window)
        plan = self._plan(scope, standing)
        present = reading.campaigns if options.partial else None
        self.staging.add(remainder(ledger, plan, present))
        self.staging.seal()
        replaced = [one for target in plan.targets for one in target.replaced]
        units = {target.unit for target in plan.targets}
        comparison = compare_staged(self.staging, ledger, replaced, units)
        reasons = (
            []
            if options.replace
            else objections(plan, comparison, self._currency(), options.origin)
        )
        pull = None
        if not options.dry_run:
            ask(reasons)
            pull = self._publish(ledger, Basis(window, standing), plan, comparison)
            remember(self.deps.db, self.site.tenant, reading.file.header.cells, options)
        facts = self._facts(scope)
        return make_report(facts, plan, comparison, reasons, dry_run=options.dry_run, pull=pull)

    def _plan(self, scope: Scope, standing: Sequence[StandingSlice]) -> Plan:
        reading = self.reading
        told = bool(reading.devices) and reading.devices <= set(scope.devices)
        today = local_day(self.deps.clock(), parse_zone(self.site.timezone))
        silent = reading.silent_days()
        # A day that is not over says nothing yet, nor does a part of a day about the whole.
        complete = scope.all and not self.options.partial
        over = {day for day in silent if day.first_day < today} if complete else set()
        content = Content(scope, reading.units, told)
        empty = over | (silent & stood(content, standing))
        content = replace(content, empty=frozenset(empty))
        return make_plan(content, standing, consent=self.options.replace)

    def _publish(
        self, ledger: Ledger, basis: Basis, plan: Plan, comparison: Comparison
    ) -> int | None:
        """Write and publish what has changed; the pull's number, None if nothing has."""
        db, clock, reading = self.deps.db, self.deps.clock, self.reading
        rows = reading.file.sums.rows
        targets = [t for t in plan.targets if change_of(t, comparison) != "unchanged"]
        pull = None
        if targets or plan.removed():
            name = reading.file.header.view.table.name
            publication = Publication(ledger, basis, plan, targets, self.options.origin, name)
            pull = next_pull(db)
            write_rows(
                publication,
                self.staging,
                pull,
                lambda n: reading.progress(
                    min(rows, int(READING * rows + (1 - READING) * n)), rows
                ),
            )
            publish(publication, pull, db, link_accounts(reading.owners, ledger, clock), clock)
        else:
            link_accounts(reading.owners, ledger, clock)
        reading.progress(rows, rows)
        return pull

    def _currency(self) -> str:
        owners = self.reading.owners.found.values()
        return ", ".join(sorted({owner.currency for owner in owners if owner.currency}))

    def _facts(self, scope: Scope) -> FileFacts:
        file, owners = self.reading.file, self.reading.owners
        return FileFacts(
            site=self.site.key,
            file=file.header.view.table.name,
            platform=owners.platform,
            account=", ".join(sorted(owners.found)),
            currency=self._currency(),
            layout=file.layout,
            scope=str(scope),
            rows=file.sums.rows,
            skipped=file.problems.lines,
            impressions=file.sums.impressions,
            clicks=file.sums.clicks,
            cost=decimal_text(file.sums.cost) or "0.00",
            problems=listed(file.problems),
            warnings=list(dict.fromkeys(owners.warnings)),
        )
