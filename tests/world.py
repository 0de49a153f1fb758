"""A world for tests: one company with a site, filled through the commands that people use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tracker.accounts.goals import Goal, add_goal
from tracker.accounts.sites import Site, SiteCache, add_site
from tracker.accounts.tenants import add_tenant
from tracker.commands.table import COMMANDS
from tracker.config import load_settings
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import Geography
from tracker.ingest.loader import Loader
from tracker.ingest.reasons import Counters
from tracker.parts import Parts
from tracker.reports import keyword_reader
from tracker.reports.result import KeywordReport
from tracker.requests.conversions import ImportConversions
from tracker.requests.events import ImportEvents
from tracker.requests.reports import ReportKeywords
from tracker.requests.spend import ImportRates, ImportSpend
from tracker.requests.upkeep import Reconcile
from tracker.warehouse.client import Warehouse

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
#: The present of a world: late enough that nothing below is "too early".
NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOME = "https://pump.example/"


class World:
    """Everything goes in through commands; what comes out is a report or rows of the engine."""

    def __init__(
        self,
        warehouse: Warehouse,
        db: Engine,
        folder: Path,
        *,
        now: datetime = NOW,
        **site: Any,
    ) -> None:
        self.now = now
        self.folder = folder
        self._files = count(1)
        settings = load_settings({}, data=str(folder / "data"))
        settings.data.mkdir()
        self.tenant = add_tenant(db, name="Pump Works").id
        self.site: Site = add_site(
            db,
            **{
                "tenant": self.tenant,
                "name": "Pumps",
                "domains": ["pump.example"],
                "timezone": "UTC",
                "currency": "CNY",
                **site,
            },
        )
        counters = Counters()
        self.loader = Loader(settings.spool, warehouse, db, self.clock, counters=counters)
        self.parts = Parts(
            settings=settings,
            clock=self.clock,
            db=db,
            enricher=Enricher(Geography(None)),
            site_cache=SiteCache(db, self.clock, ttl=0.0),
            counters=counters,
            holder="test",
            _warehouse=warehouse,
            _loader=self.loader,
        )

    def another_site(self, **site: Any) -> Site:
        """One more site of the company."""
        usual = {
            "name": "Other",
            "domains": ["other.example"],
            "timezone": "UTC",
            "currency": "CNY",
        }
        return add_site(self.db, **{"tenant": self.tenant, **usual, **site})

    def clock(self) -> datetime:
        """The present of the world."""
        return self.now

    @property
    def warehouse(self) -> Warehouse:
        """The engine behind it."""
        return self.parts.warehouse

    @property
    def db(self) -> Engine:
        """The metadata store behind it."""
        return self.parts.db

    def run(self, name: str, request: Any) -> Any:
        """Run a command of the table."""
        return COMMANDS[name].run(self.parts, request, lambda *_: None)

    def file(self, name: str, content: str | bytes) -> str:
        """A file with this content; its path."""
        path = self.folder / f"{next(self._files)}_{name}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def events(self, lines: Iterable[Mapping[str, Any]]) -> Any:
        """Import past events; ``at`` makes them."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return self.run("events-import", ImportEvents(self.file("e.ndjson", text), self.site.key))

    def spend(self, text: str | bytes, name: str = "spend.csv", **options: Any) -> Any:
        """Import a spend file."""
        return self.run(
            "spend-import", ImportSpend(self.file(name, text), self.site.key, **options)
        )

    def offline(self, text: str, **options: Any) -> Any:
        """Import offline conversions."""
        path = self.file("orders.csv", text)
        return self.run("conversions-import", ImportConversions(path, self.site.key, **options))

    def rates(self, text: str) -> Any:
        """Import exchange rates."""
        return self.run("rates-import", ImportRates(self.file("rates.csv", text), self.site.key))

    def goal(self, name: str, **goal: Any) -> Goal:
        """A goal, before or after the events it counts."""
        return add_goal(self.db, site=self.site.key, name=name, **goal)

    def reconcile(self) -> Any:
        """Rebuild what is dirty."""
        return self.run("reconcile", Reconcile())

    def report(self, first: str, last: str, **options: Any) -> KeywordReport:
        """The keyword report, which is the same whether lines or sums of them are read."""
        request = ReportKeywords(site=self.site.key, first=first, last=last, **options)
        report = self.run("report-keywords", request)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keyword_reader, "FEW_LINES", -1)
            assert self.run("report-keywords", request) == report
        assert isinstance(report, KeywordReport)
        return report

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the engine."""
        return self.warehouse.rows(sql)


def at(
    time: str, visitor: str = "v1", url: str = HOME, *, name: str = "pageview", **more: Any
) -> dict[str, Any]:
    """An event line; ``time`` is ``MM-DD HH:MM[:SS]`` of 2026, UTC."""
    instant = datetime.fromisoformat(f"2026-{time}+00:00")
    line = {
        "time": instant.isoformat(),
        "visitor": visitor,
        "name": name,
        "url": url,
        "user_agent": CHROME,
    }
    return line | more


def ad(
    keyword: str, *, source: str = "baidu", campaign: str = "pumps", page: str = "", **more: str
) -> str:
    """The landing page of a paid click with tags."""
    tags = {"utm_source": source, "utm_medium": "cpc", "utm_campaign": campaign}
    tags |= {"utm_term": keyword} | more
    return f"{HOME}{page}?" + "&".join(f"{key}={value}" for key, value in tags.items())


def money(text: str | None) -> Decimal | None:
    """A decimal string of a report as a number."""
    return None if text is None else Decimal(text)


def minutes(number: int) -> timedelta:
    """A duration."""
    return timedelta(minutes=number)
