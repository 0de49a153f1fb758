"""The ingest path of a test: a real server on loopback, its spool, its loader, one site."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any

import httpx
import msgspec
import uvicorn
from sqlalchemy import Engine
from starlette.applications import Starlette

from tests.serving import serving
from tracker.accounts.clock import utc_now
from tracker.accounts.database import open_database
from tracker.accounts.salts import salt_of
from tracker.accounts.sites import Site, SiteCache, SiteSettings, add_site
from tracker.accounts.tenants import add_tenant
from tracker.ingest.directory import Directory
from tracker.ingest.endpoint import IngestDeps
from tracker.ingest.endpoint import routes as own_routes
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import Geography
from tracker.ingest.loader import Loader, LoadReport
from tracker.ingest.reasons import Counters
from tracker.ingest.routing import Application, routes
from tracker.ingest.segments import OPEN
from tracker.ingest.spool import Spool, SpoolLimits
from tracker.warehouse.client import Warehouse

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
NOW = datetime(2026, 9, 15, 6, 30, tzinfo=UTC)
SENT_MS = 1_700_000_001_500


def new_site(db: Engine, **settings: Any) -> Site:
    """A site of pump.example in Shanghai."""
    tenant = add_tenant(db, name="Pump Works")
    return add_site(
        db,
        tenant=tenant.id,
        name="Pumps",
        domains=["pump.example"],
        timezone="Asia/Shanghai",
        currency="CNY",
        settings=SiteSettings(**settings),
    )


@dataclass
class Ingest:
    """Posts, drains and reads; ``now`` is the server's clock."""

    db: Engine
    root: Path
    warehouse: Warehouse
    limits: SpoolLimits = field(default_factory=lambda: SpoolLimits(segment_age=0.02))
    settings: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.site = new_site(self.db, **self.settings)
        self.counters = Counters()
        self.headers = {"user-agent": CHROME, "content-type": "text/plain"}

    def __enter__(self) -> Ingest:
        self.spool = Spool(self.root, self.clock, limits=self.limits, counters=self.counters)
        self._server = serving(self._app())
        self.url = self._server.__enter__()
        self.client = httpx.Client(base_url=self.url, timeout=20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self._server.__exit__(kind, error, trace)

    def clock(self) -> datetime:
        """The server's clock."""
        return self.now

    def _app(self) -> Starlette:
        deps = IngestDeps(
            site_cache=SiteCache(self.db, self.clock),
            spool=self.spool,
            enricher=Enricher(Geography(country=None)),
            salts=lambda site, day: salt_of(self.db, site, day, now=self.now),
            clock=self.clock,
            counters=self.counters,
        )

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            await self.spool.close()

        directory = Directory(self.db, deps.site_cache, self.clock)
        return Application(routes(deps, directory), lifespan=lifespan)

    def event(self, **fields: Any) -> dict[str, Any]:
        """A page view of 1.5 s ago with a fresh id; fields by their names on the wire."""
        base = {
            "v": 1,
            "s": self.site.key,
            "i": secrets.token_hex(16),
            "n": "pageview",
            "o": SENT_MS - 1500,
            "t": SENT_MS,
            "a": 1,
            "u": "0123456789abcdef",
            "l": "https://www.pump.example/",
        }
        return {name: value for name, value in {**base, **fields}.items() if value is not None}

    def post(self, body: Any, **headers: str) -> httpx.Response:
        """Send an event, a list of events or raw bytes."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/e", content=data, headers=self.headers | extra)

    def drain(self) -> LoadReport:
        """Wait until what is open is closed by its age, and load it, as the loader does."""
        end = monotonic() + self.limits.segment_age * 2 + 20
        while any((self.root / OPEN).iterdir()) and monotonic() < end:
            sleep(0.005)
        with self.loader() as loader:
            report = loader.drain()
        assert report.waiting == ""
        return report

    def loader(self) -> Loader:
        """A loader of this root."""
        return Loader(self.root, self.warehouse, self.db, self.clock)

    def rows(self, table: str = "events") -> list[dict[str, Any]]:
        """All rows of a table of the warehouse, in a stable order."""
        return self.warehouse.dicts(f"SELECT * FROM {table} ORDER BY ALL")


def crash_server(port: int, url: str, root: Path) -> None:
    """A whole ingest process: what a test starts in order to kill it."""
    db = open_database(url)
    spool = Spool(root, utc_now, limits=SpoolLimits(segment_age=0.05, segment_bytes=20_000))
    deps = IngestDeps(
        site_cache=SiteCache(db, utc_now),
        spool=spool,
        enricher=Enricher(Geography(country=None)),
        salts=lambda site, day: salt_of(db, site, day),
        clock=utc_now,
    )
    uvicorn.run(Application(own_routes(deps)), port=port, log_level="error", access_log=False)
