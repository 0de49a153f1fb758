"""Import of offline conversions: orders signed by hand, calls, stages of a lead from a CRM.

A row is known by its external id. The same content again changes nothing; other content is a new
version of it, and a row marked as removed withdraws it. Everything is read before anything is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine

from tracker.accounts.ad_accounts import accounts_of_site
from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.counters import next_number
from tracker.accounts.marks import Slice, mark
from tracker.accounts.sites import Site
from tracker.conversions.offline_fact import (
    COLUMNS,
    Classify,
    Fact,
    VisitorNumber,
    fact_from,
    fact_of,
    names_source,
)
from tracker.conversions.offline_file import OfflineFile, OfflineRow, open_offline_file
from tracker.conversions.offline_report import Counts, OfflineReport, StageSums
from tracker.errors import InvalidInput
from tracker.period import local_day, parse_zone
from tracker.tables.intake import FILE_LIMIT, check_file, listed, refuse_problems
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Rows that are compared and written together: bounds memory and the length of a statement.
CHUNK = 2_000
#: Progress is told after so many rows.
STEP = 1_000

#: Called with the rows that are done and how many there are, an estimate while the file is read.
Progress = Callable[[int, int | None], None]

__all__ = ["OfflineDeps", "OfflineOptions", "OfflineReport", "Progress", "import_offline"]


@dataclass(frozen=True, slots=True)
class OfflineDeps:
    """Where an import reads and writes, and what ingest knows: ``classify`` tells the source of a
    landing URL under the rules of the site, ``visitor_number`` the visitor of an id.
    ``file_limit`` is in bytes."""

    warehouse: Warehouse
    db: Engine
    visitor_number: VisitorNumber
    classify: Classify
    clock: Clock = utc_now
    file_limit: int = FILE_LIMIT


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
    )
    return _Import(deps, site, options, file, progress).run()


@dataclass(slots=True)
class _Import:
    """One import on its way."""

    deps: OfflineDeps
    site: Site
    options: OfflineOptions
    file: OfflineFile
    progress: Progress
    counts: Counts = field(default_factory=Counts)
    rows: int = 0
    days: set[date] = field(default_factory=set)
    stages: StageSums = field(default_factory=StageSums)
    warnings: list[str] = field(default_factory=list)
    platform: str = ""
    version: int | None = None

    def run(self) -> OfflineReport:
        """Read it all to know that it is good, then read it again in portions and write them."""
        self._read()
        refuse_problems(self.file.problems, skip=self.options.skip_bad_rows)
        if not self.rows:
            raise InvalidInput("No row of the file can be read; nothing was imported.")
        done = 0
        for portion in _portions(self.file.rows, CHUNK):
            self._take(portion)
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
            self.stages.add(row.stage, self._currency(row), row.value)
            if not self.rows % STEP:
                expected = int(self.rows / (self.file.progress() or 1))
                self.progress(self.rows // 2, expected)
        if orphans:
            self._choose_platform(orphans)

    def _choose_platform(self, orphans: int) -> None:
        """Rows that name a campaign or keyword but no platform mean the only one there is."""
        platforms = {account.platform for account in accounts_of_site(self.deps.db, self.site.key)}
        if len(platforms) == 1:
            self.platform = platforms.pop()
            return
        self.warnings.append(
            f"{orphans} rows name a campaign or keyword but no platform, and the site advertises "
            f"on {len(platforms)}: they are not joined by these names. Add a column Platform."
        )

    def _take(self, portion: Sequence[OfflineRow]) -> None:
        """Compare a portion with what stands, and write what differs."""
        facts = {row.id: self._fact(row) for row in portion}
        standing = self._standing(facts)
        fresh = {
            key: fact for key, fact in facts.items() if self.counts.news(fact, standing.get(key))
        }
        if fresh and not self.options.dry_run:
            self._store(fresh, standing)

    def _store(self, fresh: Mapping[str, Fact], standing: Mapping[str, Fact]) -> None:
        """Insert new versions and mark the days of the rows, before and after, and of their leads.

        Marked on both sides of the insert: a reconcile may have taken the first mark before it,
        and who dies right after the insert cannot mark any more.
        """
        if self.version is None:
            self.version = next_number(self.deps.db, "offline")
        days = self._touched(fresh, standing)
        dirty = [Slice("credits", self.site.key, day) for day in days]
        rows = [(self.site.key, key, *fact, self.version) for key, fact in fresh.items()]
        mark(self.deps.db, dirty, now=self.deps.clock())
        try:
            self.deps.warehouse.insert("offline_conversions", COLUMNS, rows)
        finally:
            mark(self.deps.db, dirty, now=self.deps.clock())

    def _touched(self, fresh: Mapping[str, Fact], standing: Mapping[str, Fact]) -> set[date]:
        leads = {fact.lead for key in fresh for fact in (fresh[key], standing.get(key)) if fact}
        concerned = [*fresh.values(), *(standing[key] for key in fresh if key in standing)]
        concerned += [fact for fact in standing.values() if fact.lead and fact.lead in leads]
        zone = parse_zone(self.site.timezone)
        return {local_day(fact.time, zone) for fact in concerned}

    def _standing(self, facts: Mapping[str, Fact]) -> dict[str, Fact]:
        """What stands of these ids and of the other stages of their leads, old leads included."""
        known = self._known(facts, {fact.lead for fact in facts.values()} - {""})
        left = {fact.lead for key, fact in known.items() if key in facts} - {""}
        left -= {fact.lead for fact in facts.values()}
        return known | self._known((), left) if left else known

    def _known(self, ids: Iterable[str], leads: Iterable[str]) -> dict[str, Fact]:
        rows = self.deps.warehouse.rows(
            load_sql("tracker.conversions", "offline_standing.sql"),
            {"site": self.site.key, "ids": sorted(ids), "leads": sorted(leads)},
        )
        return {str(key): fact_from(stored) for key, stored in rows}

    def _fact(self, row: OfflineRow) -> Fact:
        return fact_of(
            row,
            currency=self.site.currency,
            platform=self.platform,
            classify=self.deps.classify,
            visitor_number=self.deps.visitor_number,
        )

    def _day(self, row: OfflineRow) -> date:
        return local_day(row.time, self.file.zone)

    def _currency(self, row: OfflineRow) -> str:
        return "" if row.value is None else row.currency or self.site.currency

    def _report(self) -> OfflineReport:
        return OfflineReport(
            site=self.site.key,
            file=self.file.header.view.table.name,
            first=min(self.days).isoformat(),
            last=max(self.days).isoformat(),
            rows=self.rows,
            skipped=self.file.problems.lines,
            **{name: getattr(self.counts, name) for name in Counts.__dataclass_fields__},
            stages=self.stages.report(),
            problems=listed(self.file.problems),
            warnings=self.warnings,
            dry_run=self.options.dry_run,
            changed=self.counts.unchanged != self.rows,
            version=self.version,
        )


def _portions(rows: Iterator[OfflineRow], size: int) -> Iterator[list[OfflineRow]]:
    while portion := list(islice(rows, size)):
        yield portion
