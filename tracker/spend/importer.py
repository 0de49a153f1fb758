"""Import of spend files: a report becomes slices (account, day, scope) that readers see at once.

The same file again changes nothing. A restated file takes the place of its slices, and what it
no longer has is gone. Only slices whose lines changed are written and marked. What would remove
campaigns, lower a day's cost by more than 30% or count rows twice asks first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.marks import Slice, mark
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.money import decimal_text
from tracker.period import MAX_DAYS, local_day, parse_zone
from tracker.spend.comparison import Comparison, compare
from tracker.spend.files.guidance import how_to_segment
from tracker.spend.files.reader import SpendFile, open_spend_file
from tracker.spend.files.rows import Scope, Total
from tracker.spend.guard import ask, objections, same_campaign
from tracker.spend.lines import KEY_PARTS, SEPARATOR, Campaign, Line, Unit, campaign_of, line_of
from tracker.spend.owners import Owners, linked_sites, without_site
from tracker.spend.plan import Content, Plan, make_plan
from tracker.spend.platforms import is_known, parse_platform
from tracker.spend.publication import Publication, next_pull, publish, write_rows
from tracker.spend.report import FileFacts, SpendReport, change_of, make_report
from tracker.spend.staging import Staging
from tracker.spend.standing import Ledger, StandingSlice
from tracker.tables.intake import FILE_LIMIT, check_file, listed, refuse_problems
from tracker.warehouse.client import Warehouse

__all__ = ["Progress", "SpendDeps", "SpendOptions", "SpendReport", "import_spend_file"]

#: Called with the rows that are done and how many there are, an estimate while the file is read.
Progress = Callable[[int, int | None], None]

#: Progress is told after so many rows; reading is so much of the work, writing the rest.
STEP = 5_000
READING = 0.6
_DEVICE = KEY_PARTS.index("device")


@dataclass(frozen=True, slots=True)
class SpendDeps:
    """Where an import reads and writes. ``file_limit`` is in bytes; ``scratch`` is a directory
    for temporary files, None for the system's."""

    warehouse: Warehouse
    db: Engine
    clock: Clock = utc_now
    file_limit: int = FILE_LIMIT
    scratch: Path | None = None


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
    file = open_spend_file(
        path,
        platform=options.platform or None,
        mapping=options.mapping,
        day=options.day,
        name=options.filename,
    )
    platform = parse_platform(file.platform)
    _check_dated(file, platform, options)
    owners = Owners(deps.db, site, platform, options.account, options.currency)
    if not is_known(platform):
        owners.warnings.append(
            f"{platform!r} is no platform from which visits are recognised; check --platform."
        )
    with Staging(deps.scratch) as staging:
        return _Import(deps, site, options, file, owners, staging, progress).run()


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
    """One import on its way; ``present`` are the campaigns and ``devices`` the devices seen."""

    deps: SpendDeps
    site: Site
    options: SpendOptions
    file: SpendFile
    owners: Owners
    staging: Staging
    progress: Progress
    present: set[Campaign] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)

    def run(self) -> SpendReport:
        """Read, plan, compare, ask, write, publish."""
        self.staging.add(self._lines())
        refuse_problems(self.file.problems, skip=self.options.skip_bad_rows)
        scope = self._scope()
        units = self.staging.units()
        if not units:
            raise InvalidInput("No row of the file can be read; nothing was imported.")
        ledger = Ledger(self.deps.warehouse, self.site.tenant, self.owners.platform)
        standing = self._standing(ledger, units)
        content = Content(
            scope, units, self._devices_told(scope), self._empty(scope, units, standing)
        )
        plan = make_plan(content, standing, consent=self.options.replace)
        self.staging.add(self._carried(ledger, plan))
        self.staging.seal()
        replaced = [one for target in plan.targets for one in target.replaced]
        comparison = compare(self.staging.lines(), ledger.lines(replaced))
        reasons = objections(plan, comparison, self._currency())
        if not (self.options.replace or self.options.dry_run):
            ask(reasons)
        pull = None if self.options.dry_run else self._publish(ledger, plan, comparison, standing)
        self.progress(self.file.sums.rows, self.file.sums.rows)
        return make_report(
            self._facts(scope),
            plan,
            comparison,
            [] if self.options.replace else reasons,
            dry_run=self.options.dry_run,
            pull=pull,
        )

    def _lines(self) -> Iterator[Line]:
        file, resolve = self.file, self.owners.resolve
        period = None
        if file.undated and file.first and file.last:
            period = (file.first.toordinal(), file.last.toordinal())
        for count, row in enumerate(file.rows, 1):
            account, currency = resolve(row.account, row.currency)
            day = row.day.toordinal() if row.day else 0
            unit = Unit(account, *(period or (day, day)))
            self.devices.add(row.device)
            self.present.add(Campaign(row.campaign_id, row.campaign))
            yield line_of(row, unit, currency)
            if not count % STEP:
                expected = int(count / (file.progress() or 1))
                self.progress(int(READING * count), expected)

    def _scope(self) -> Scope:
        """The scope of the file, which its own totals may narrow or contradict."""
        file, total = self.file, self.file.total
        if total is None or file.total_agrees:
            return file.scope
        if total.covers == "filtered" and file.sums.agrees(total):
            return replace(file.scope, filters=(*file.scope.filters, total.label))
        differs = _difference(file, total)
        if not (self.options.partial or file.problems.total):
            raise InvalidInput(
                f"{differs} Rows are missing; nothing was imported.",
                hint="Download the whole report again, or import only the campaigns that it has "
                "with --partial.",
            )
        self.owners.warnings.append(differs)
        return file.scope

    def _devices_told(self, scope: Scope) -> bool:
        return bool(self.devices) and self.devices <= set(scope.devices)

    def _standing(self, ledger: Ledger, units: list[Unit]) -> list[StandingSlice]:
        first, last = self._span(units)
        return ledger.slices({unit.account for unit in units}, first, last)

    def _span(self, units: list[Unit]) -> tuple[date, date]:
        """The days of the lines and, where the file declares its period, those of the period."""
        first = min(unit.first_day for unit in units)
        last = max(unit.last_day for unit in units)
        return min(first, self.file.first or first), max(last, self.file.last or last)

    def _empty(
        self, scope: Scope, units: list[Unit], standing: list[StandingSlice]
    ) -> frozenset[Unit]:
        """Days of the declared period without a row: the platform says that nothing was spent.

        Not so where rows were skipped. A day that is not over yet says nothing either, and of a
        part of the account's day only what stood before can be known to be gone.
        """
        file = self.file
        if file.undated or not (file.first and file.last) or file.problems.total:
            return frozenset()
        today = local_day(self.deps.clock(), parse_zone(self.site.timezone))
        accounts = {unit.account for unit in units}
        first, last = file.first.toordinal(), file.last.toordinal()
        if last - first >= MAX_DAYS:
            return frozenset()
        days = {Unit(a, day, day) for a in accounts for day in range(first, last + 1)}
        stood = {one.unit for one in standing if one.lines}
        complete = scope.all and not self.options.partial
        return frozenset(
            day for day in days - set(units) if day in stood or (complete and day.first_day < today)
        )

    def _carried(self, ledger: Ledger, plan: Plan) -> Iterator[Line]:
        """Standing lines that stay: of other devices, and with ``partial`` of other campaigns."""
        partial = self.options.partial
        targets = {t.unit: t for t in plan.targets if t.replaced and (partial or t.into_devices)}
        sources = [
            one
            for target in targets.values()
            for one in target.replaced
            if partial or one is target.exact
        ]
        kept: dict[Campaign, bool] = {}
        for line in ledger.lines(sources):
            if partial:
                campaign = campaign_of(line.key)
                if campaign not in kept:
                    kept[campaign] = not same_campaign(campaign, self.present)
                if kept[campaign]:
                    yield line
                    continue
            devices = targets[line.unit].into_devices
            if devices and line.key.split(SEPARATOR)[_DEVICE] not in devices:
                yield line

    def _publish(
        self,
        ledger: Ledger,
        plan: Plan,
        comparison: Comparison,
        standing: list[StandingSlice],
    ) -> int | None:
        """Write and publish what has changed; the pull's number, None if nothing has."""
        targets = [t for t in plan.targets if change_of(t, comparison) != "unchanged"]
        if not targets and not plan.removed():
            self._link(ledger)
            return None
        name = self.file.header.view.table.name
        publication = Publication(ledger, plan, targets, standing, self.options.origin, name)
        pull = next_pull(self.deps.db)
        rows = self.file.sums.rows
        write_rows(
            publication,
            self.staging.lines(),
            pull,
            lambda n: self.progress(min(rows, int(READING * rows + (1 - READING) * n)), rows),
        )
        sites = self._link(ledger)
        publish(publication, pull, self.deps.db, sites, self.deps.clock)
        return pull

    def _link(self, ledger: Ledger) -> set[str]:
        """Store what is known of the accounts; the sites that their spend belongs to.

        The older spend of an account that had no site until now becomes this site's.
        """
        orphans = [o.account for o in self.owners.found.values() if without_site(o)]
        sites = {
            site for account in self.owners.store() for site in linked_sites(self.deps.db, account)
        }
        if orphans:
            slices = ledger.slices(orphans, date(1970, 1, 1), date(2149, 1, 1))
            dirty = {Slice("spend", site, one.unit.first_day) for site in sites for one in slices}
            mark(self.deps.db, dirty, now=self.deps.clock())
        return sites

    def _currency(self) -> str:
        return ", ".join(sorted({o.currency for o in self.owners.found.values() if o.currency}))

    def _facts(self, scope: Scope) -> FileFacts:
        file = self.file
        return FileFacts(
            site=self.site.key,
            file=file.header.view.table.name,
            platform=self.owners.platform,
            account=", ".join(sorted(self.owners.found)),
            currency=self._currency(),
            layout=file.layout,
            scope=str(scope),
            rows=file.sums.rows,
            skipped=file.problems.lines,
            impressions=file.sums.impressions,
            clicks=file.sums.clicks,
            cost=decimal_text(file.sums.cost) or "0.00",
            problems=listed(file.problems),
            warnings=list(dict.fromkeys(self.owners.warnings)),
        )


def _difference(file: SpendFile, total: Total) -> str:
    """The file's own total beside the sum of its rows, in words."""
    pairs = (
        ("impressions", total.impressions, file.sums.impressions),
        ("clicks", total.clicks, file.sums.clicks),
        ("cost", decimal_text(total.cost), decimal_text(file.sums.cost)),
    )
    texts = [f"{name} {said}, its rows {have}" for name, said, have in pairs if said is not None]
    return f"The total in line {total.line} ({total.label}) says {'; '.join(texts)}."
