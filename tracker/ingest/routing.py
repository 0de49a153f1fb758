"""Every public route of ingest: the beacon's own, and those of the compatible entrances."""

from __future__ import annotations

from starlette.routing import Route

from tracker.ingest import endpoint
from tracker.ingest.directory import Directory
from tracker.ingest.endpoint import IngestDeps
from tracker.ingest.image import ImageEndpoint
from tracker.ingest.plausible_endpoint import PlausibleEndpoint


def routes(deps: IngestDeps, directory: Directory) -> list[Route]:
    """The public routes. Takes about a second, once, to build the agent patterns."""
    own = endpoint.routes(deps)
    env = deps.environment()
    return [
        *own,
        Route("/e", ImageEndpoint(deps, env), methods=["GET"]),
        Route("/api/event", PlausibleEndpoint(deps, env, directory), methods=["POST", "OPTIONS"]),
    ]
