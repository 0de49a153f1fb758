"""The server of the ingest bench: ``/e`` beside a bare route, spool on disk, no loader."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tracker.accounts.clock import utc_now
from tracker.accounts.database import open_database
from tracker.accounts.salts import salt_of
from tracker.accounts.sites import SiteCache
from tracker.ingest.endpoint import IngestDeps, routes
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import Geography
from tracker.ingest.routing import Application
from tracker.ingest.spool import Spool, SpoolLimits
from tracker.server import calm_garbage_collector


async def bare(request: Request) -> Response:
    """What /e is measured against: read the body, answer 202."""
    await request.body()
    return Response(status_code=202)


def main() -> None:
    """``ingest_server.py PORT DATA``: serve until ended."""
    port, data = int(sys.argv[1]), Path(sys.argv[2])
    db = open_database(f"sqlite:///{data}/metadata.db")
    spool = Spool(data / "spool", utc_now, limits=SpoolLimits(budget_bytes=1 << 40))
    deps = IngestDeps(
        site_cache=SiteCache(db, utc_now),
        spool=spool,
        enricher=Enricher(Geography()),
        salts=lambda site, day: salt_of(db, site, day),
        clock=utc_now,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await spool.close()

    # The bare route comes first: finding it must not cost more than finding the other.
    table = [Route("/bare", bare, methods=["POST"]), *routes(deps)]
    calm_garbage_collector()
    uvicorn.run(
        Application(table, lifespan=lifespan),
        port=port,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        loop="uvloop",
        http="httptools",
    )


if __name__ == "__main__":
    main()
