"""Import of offline conversions: orders signed by hand, calls, stages of a lead from a CRM.

A row is known by its external id. The same content again changes nothing; other content is a new
version of it, and a row marked as removed withdraws it. Everything is read before anything is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from tracker.accounts.ad_accounts import accounts_of_site
from tracker.accounts.pipeline import pipeline_of
from tracker.accounts.sites import Site
from tracker.conversions.offline_fact import Fact, fact_of, names_source
from tracker.conversions.offline_file import OfflineFile, OfflineRow, open_offline_file
from tracker.conversions.offline_report import OfflineReport, StageSums, UnknownPlatforms
from tracker.conversions.offline_store import OfflineDeps, OfflineStore, StageOf
from tracker.errors import InvalidInput
from tracker.period import local_day, parse_zone
from tracker.tables.intake import check_file, listed, refuse_problems

#: Rows that are compared and written together: bounds memory and the length of a statement.
CHUNK = 2_000
#: Progress is told after so many rows.
STEP = 1_000

#: Called with the rows that are done and how many there are, an estimate while the file is read.
Progress = Callable[[int, int | None], None]

__all__ = ["OfflineDeps", "OfflineOptions", "OfflineReport", "Progress", "import_offline"]


@dataclass(frozen=True, slots=True)
class OfflineOptions:
    """How a file is imported. ``mapping`` is field → column; ``stage`` the stage of all rows of a
    file without such a column; ``filename`` the original name of an upload."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    skip_bad_rows: bool = False
    stage: str = ""
    filename: str = ""


def import_offline(
    deps: OfflineDeps,
    site: Site,
    path: Path,
    options: OfflineOptions,
    progress: Progress = lambda _done, _expected: None,
) -> OfflineReport:
    """Import a file of offline conversions; synchronous, so call it in a worker thread.

    A row that has a day only stands at the last millisecond of that local day. Errors, with
    nothing imported: InvalidInput for a file that cannot be used (every bad cell with its line and
    column), Unavailable while the warehouse is away.
    """
    check_file(path, deps.file_limit, options.filename)
    file = open_offline_file(
        path,
        options.mapping,
        zone=parse_zone(site.timezone),
        stage=options.stage,
        name=options.filename,
        currency=site.currency,
    )
    stage_of = pipeline_of(deps.db, site.key).key_of
    store = OfflineStore(deps, site)
    return _Import(deps, site, options, file, progress, store, stage_of).run()


@dataclass(slots=True)
class _Import:
    """One import on its way."""

    deps: OfflineDeps
    site: Site
    options: OfflineOptions
    file: OfflineFile
    progress: Progress
    store: OfflineStore
    stage_of: StageOf
    rows: int = 0
    days: set[date] = field(default_factory=set)
    stages: StageSums = field(default_factory=StageSums)
    warnings: list[str] = field(default_factory=list)
    platform: str = ""
    unknown: UnknownPlatforms = field(default_factory=UnknownPlatforms)

    def run(self) -> OfflineReport:
        """Read it all to know that it is good, then read it again in portions and write them."""
        self._read()
        refuse_problems(self.file.problems, skip=self.options.skip_bad_rows)
        if not self.rows:
            raise InvalidInput("No row of the file can be read; nothing was imported.")
        done = 0
        for portion in _portions(self.file.rows, CHUNK):
            facts = {row.id: self._fact(row) for row in portion}
            self.store.take(facts, dry_run=self.options.dry_run)
            done += len(portion)
            self.progress(self.rows // 2 + done // 2, self.rows)
        self.progress(self.rows, self.rows)
        return self._report()

    def _read(self) -> None:
        orphans = 0
        for row in self.file.rows:
            self.rows += 1
            self.days.add(self._day(row))
            orphans += not row.platform and not row.landing_url and names_source(row)
            self.unknown.add(row.platform, row.line)
            self.stages.add(self.stage_of(row.stage), self._currency(row), row.value)
            if not self.rows % STEP:
                expected = int(self.rows / (self.file.progress() or 1))
                self.progress(self.rows // 2, expected)
        platforms = {account.platform for account in accounts_of_site(self.deps.db, self.site.key)}
        self.warnings += self.unknown.warnings(platforms)
        self._choose_platform(orphans, platforms)

    def _choose_platform(self, orphans: int, platforms: set[str]) -> None:
        """Rows that name a campaign or keyword but no platform mean the only one there is."""
        if len(platforms) == 1:
            self.platform = platforms.pop()
            return
        if not orphans:
            return
        self.warnings.append(
            f"{orphans} rows name a campaign or keyword but no platform, and the site advertises "
            f"on {len(platforms)}: they are not joined by these names. Add a column Platform."
        )

    def _fact(self, row: OfflineRow) -> Fact:
        return fact_of(
            row,
            currency=self.site.currency,
            platform=self.platform,
            classify=self.deps.classify,
            visitor_number=self.deps.visitor_number,
            stage_of=self.stage_of,
        )

    def _day(self, row: OfflineRow) -> date:
        return local_day(row.time, self.file.zone)

    def _currency(self, row: OfflineRow) -> str:
        return "" if row.value is None else row.currency or self.site.currency

    def _report(self) -> OfflineReport:
        counts = self.store.counts
        return OfflineReport(
            site=self.site.key,
            file=self.file.header.view.table.name,
            first=min(self.days).isoformat(),
            last=max(self.days).isoformat(),
            rows=self.rows,
            skipped=self.file.problems.lines,
            **{name: getattr(counts, name) for name in counts.__dataclass_fields__},
            stages=self.stages.report(),
            problems=listed(self.file.problems),
            warnings=[*self.warnings, *self.store.warnings],
            dry_run=self.options.dry_run,
            changed=counts.unchanged != self.rows,
            version=self.store.version,
        )


def _portions(rows: Iterator[OfflineRow], size: int) -> Iterator[list[OfflineRow]]:
    while portion := list(islice(rows, size)):
        yield portion
