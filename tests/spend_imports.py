"""Imports of spend for tests: a site, its warehouse, small files, and what the report then says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tracker.accounts import marks
from tracker.accounts.sites import Site, add_site
from tracker.accounts.tenants import add_tenant
from tracker.period import Period
from tracker.reconcile.reconciler import Reconciler
from tracker.reports.keywords import keyword_report
from tracker.reports.request import KeywordRequest
from tracker.reports.result import KeywordReport
from tracker.spend.importer import SpendDeps, SpendOptions, SpendReport, import_spend_file
from tracker.warehouse.client import Warehouse

NOW = datetime(2026, 9, 20, 4, 0, tzinfo=UTC)
HEADER = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost"


@dataclass
class Desk:
    """Somebody who imports files for one site of one company."""

    db: Engine
    warehouse: Warehouse
    directory: Path
    site: Site
    now: datetime = NOW

    @classmethod
    def open(cls, db: Engine, warehouse: Warehouse, directory: Path) -> Desk:
        """A company with one site in Shanghai."""
        tenant = add_tenant(db, name="Pump Works")
        return cls(db, warehouse, directory, new_site(db, tenant.id, "pump.example"))

    @property
    def deps(self) -> SpendDeps:
        """What the importer is given."""
        return SpendDeps(self.warehouse, self.db, lambda: self.now)

    def file(self, rows: Iterable[str], header: str = HEADER, name: str = "report.csv") -> Path:
        """A csv report with these rows."""
        path = self.directory / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    def run(self, path: Path, site: Site | None = None, **options: Any) -> SpendReport:
        """Import a file."""
        return import_spend_file(self.deps, site or self.site, path, SpendOptions(**options))

    def rows(self, *rows: str, **options: Any) -> SpendReport:
        """Import a Baidu report with these rows."""
        return self.run(self.file(rows), platform=options.pop("platform", "baidu"), **options)

    def standing(self) -> dict[tuple[str, str, str], int]:
        """(first day, last day, scope) of every slice that stands, with its pull."""
        found = self.warehouse.rows(
            "SELECT toString(day), toString(last_day), scope, argMax(pull, version) AS last "
            "FROM spend_slices GROUP BY account, day, last_day, scope HAVING last != 0"
        )
        return {(day, last, scope): pull for day, last, scope, pull in found}

    def dirty(self) -> set[tuple[str, date]]:
        """The marked days, by kind."""
        return {(m.slice.kind, m.slice.day) for m in marks.take(self.db, 9999, 9999)}

    def reconcile(self) -> None:
        """Rebuild all that is marked."""
        Reconciler(self.warehouse, self.db, lambda: self.now, holder="test").run()

    def report(self, first: str = "2026-09-01", last: str = "2026-09-30") -> KeywordReport:
        """The keyword report after a reconcile."""
        self.reconcile()
        request = KeywordRequest(self.site, Period.parse(first, last))
        return keyword_report(self.warehouse, self.db, request, clock=lambda: self.now)

    def costs(self, first: str = "2026-09-01", last: str = "2026-09-30") -> dict[str, str | None]:
        """Keyword to cost, as the report says after a reconcile; ``*`` is the total."""
        report = self.report(first, last)
        costs = {row.keyword or f"({row.reason})": row.cost for row in report.rows}
        return costs | {"*": report.totals.cost}


def new_site(db: Engine, tenant: str, domain: str, currency: str = "CNY") -> Site:
    """A site of that company in Shanghai."""
    return add_site(
        db,
        tenant=tenant,
        name=domain,
        domains=[domain],
        timezone="Asia/Shanghai",
        currency=currency,
    )
