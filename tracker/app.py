"""The application: where parts become routes. Nothing else wires them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from tracker import web
from tracker.accounts.sites import Site
from tracker.accounts.state import has_owner
from tracker.commands import conversions, goals, people, sites, spend
from tracker.config import secret_key
from tracker.errors import NotFound
from tracker.ingest.address import Network, parse_networks
from tracker.ingest.directory import Directory
from tracker.ingest.endpoint import IngestDeps, IngestSettings
from tracker.ingest.routing import Application
from tracker.ingest.routing import routes as ingest_routes
from tracker.ingest.server_events import ServerEvents
from tracker.ingest.spool import Spool
from tracker.ingest.suppressed import Suppressed
from tracker.ingest.visit_codes import visitors_of_codes
from tracker.jobs import JOBS, Scheduler
from tracker.parts import Parts, spool_limits
from tracker.reports.live import Live, live_visitors
from tracker.spend.importer import SpendOptions
from tracker.spend.tags import tags_for
from tracker.web import script


@dataclass(frozen=True, slots=True)
class Actions:
    """What the pages and the API ask for; see ``tracker.web.WebActions``."""

    parts: Parts
    scheduler: Scheduler | None
    events: ServerEvents

    def import_spend(
        self, site: Site, path: Path, options: web.FileOptions
    ) -> Mapping[str, object]:
        """Import an uploaded spend file."""
        report = spend.import_file(
            self.parts,
            site,
            path,
            SpendOptions(
                platform=options.platform,
                account=options.account,
                currency=options.currency,
                mapping=options.columns,
                dry_run=options.dry_run,
                skip_bad_rows=options.skip_bad_rows,
                replace=options.replace,
                partial=options.partial,
                period_total=options.period_total,
                origin="upload",
                filename=options.filename,
            ),
        )
        return _fields(report)

    def import_conversions(
        self, site: Site, path: Path, options: web.FileOptions
    ) -> Mapping[str, object]:
        """Import an uploaded file of offline conversions."""
        report = conversions.import_file(
            self.parts,
            site,
            path,
            mapping=options.columns,
            dry_run=options.dry_run,
            skip_bad_rows=options.skip_bad_rows,
            filename=options.filename,
        )
        return _fields(report)

    def push_spend(self, site: Site, body: bytes) -> Mapping[str, object]:
        """Take whole days of spend that a script sends."""
        return _fields(spend.push_spend(self.parts, site, body))

    async def take_events(self, site: Site, body: bytes) -> Mapping[str, object]:
        """Take events that a server sends."""
        taken = await self.events.take(site, body)
        return {"accepted": taken.accepted, "dropped": taken.dropped}

    def run_job(self, name: str, site: Site) -> None:  # noqa: ARG002  (jobs cover every site)
        """Ask for a run soon."""
        if name not in {job.name for job in JOBS}:
            raise NotFound(f"No job {name!r}.")
        if self.scheduler is not None:
            self.scheduler.soon(name)

    def live_visitors(self, site: Site) -> list[Live]:
        """Who is on the site now."""
        return live_visitors(self.parts.warehouse, site.key, self.parts.clock())

    def tags_for(self, site: Site, platform: str) -> str:  # noqa: ARG002  (same for every site)
        """The tracking template of a platform."""
        return tags_for(platform)[0]

    def site_changed(self, before: Site | None, after: Site) -> None:
        """Mark what follows from the change."""
        sites.site_changed(self.parts, before, after)

    def erase_person(self, site: Site, person: str) -> Mapping[str, object]:
        """Erase a person."""
        return _fields(people.erase_of(self.parts, site, person))

    def goals_changed(self, site: Site) -> None:
        """Mark what follows from the change."""
        goals.goals_changed(self.parts, site)


def create_app(
    parts: Parts, *, role: str = "all", setup_code: str = "", extra: Sequence[BaseRoute] = ()
) -> Starlette:
    """The application for a role: ``all``, ``ingest`` (beacons only) or ``web`` (pages, API).

    With ``all`` it also runs the loader and the jobs while its lifespan lasts.
    """
    routes: list[BaseRoute] = [Route("/health", _health), *script.routes()]
    scheduler = Scheduler(parts) if role == "all" else None
    # NOTE: pages take events too, those of servers; a job's process beside them loads the spool.
    limits, root = spool_limits(parts.settings), parts.settings.spool
    spool = Spool(root, parts.clock, limits=limits, counters=parts.counters)
    ingest = _ingest_deps(parts, spool)
    if role in ("all", "ingest"):
        routes += ingest_routes(ingest, Directory(parts.db, parts.site_cache, parts.clock))
    handlers: Mapping[Any, Any] = {}
    if role in ("all", "web"):
        of_codes = partial(visitors_of_codes, parts.warehouse)
        events = ServerEvents(ingest.environment(), spool, parts.clock, of_codes)
        pages = _web_parts(parts, Actions(parts, scheduler, events), setup_code)
        routes += web.routes(pages)
        handlers = web.exception_handlers(pages)
    routes += extra

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if scheduler is not None:
            await asyncio.to_thread(scheduler.start)
        yield
        await spool.close()
        if scheduler is not None:
            await asyncio.to_thread(scheduler.stop)

    return Application(routes, lifespan=lifespan, exception_handlers=handlers)


def setup_code(parts: Parts) -> str:
    """A one-time code for the first-run set-up, empty when there is an owner."""
    return "" if has_owner(parts.db) else secrets.token_hex(4)


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"ok": True})


def _ingest_deps(parts: Parts, spool: Spool) -> IngestDeps:
    return IngestDeps(
        site_cache=parts.site_cache,
        spool=spool,
        enricher=parts.enricher,
        salts=parts.salt,
        clock=parts.clock,
        settings=IngestSettings(trusted_proxies=_trusted(parts)),
        counters=parts.counters,
        suppressed=Suppressed(parts.db),
    )


def _trusted(parts: Parts) -> tuple[Network, ...]:
    return parse_networks(parts.settings.trusted_proxies, "trusted_proxies")


def _web_parts(parts: Parts, actions: Actions, code: str) -> web.WebParts:
    uploads = parts.settings.data / "uploads"
    uploads.mkdir(mode=0o700, exist_ok=True)
    return web.WebParts(
        db=parts.db,
        warehouse=parts.warehouse,
        settings=web.WebSettings(
            secret_key=secret_key(parts.settings),
            uploads=uploads,
            public_url=parts.settings.public_url,
            setup_code=code,
            trusted_proxies=_trusted(parts),
        ),
        clock=parts.clock,
        actions=actions,
        workshop=parts.workshop(),
    )


def _fields(report: msgspec.Struct) -> Mapping[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(report)
    return fields
