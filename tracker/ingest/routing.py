"""Every public route of ingest: the beacon's own, and those of the compatible entrances."""

from __future__ import annotations

from starlette.routing import Route

from tracker.ingest import endpoint
from tracker.ingest.directory import Directory
from tracker.ingest.endpoint import IngestDeps
from tracker.ingest.image import ImageEndpoint
from tracker.ingest.matomo_endpoint import MatomoEndpoint
from tracker.ingest.plausible_endpoint import PlausibleEndpoint


def routes(deps: IngestDeps, directory: Directory) -> list[Route]:
    """The public routes. Takes about a second, once, to build the agent patterns."""
    env = deps.environment()
    plausible = PlausibleEndpoint(deps, env, directory)
    matomo = MatomoEndpoint(deps, env, directory)
    return [
        *endpoint.routes(deps, env),
        Route("/e", ImageEndpoint(deps, env), methods=["GET"]),
        Route("/api/event", plausible, methods=["POST", "OPTIONS"]),
        Route("/matomo.php", matomo, methods=["GET", "POST", "OPTIONS"]),
        Route("/piwik.php", matomo, methods=["GET", "POST", "OPTIONS"]),
    ]
