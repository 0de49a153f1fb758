"""Every public route of ingest: the beacon's own, and those of the compatible entrances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from tracker.ingest import endpoint
from tracker.ingest.directory import Directory
from tracker.ingest.endpoint import EventEndpoint, IngestDeps, Receive, Scope, Send
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


class Application(Starlette):
    """Starlette with a short way to the beacon's entrance.

    NOTE: finding the route among the others, and what is prepared for each request in case that it
    raises an exception, cost a fifth of what a beacon costs. ``EventEndpoint`` is ASGI, has an
    answer for every failure of its own, and its path has no parameters.
    """

    def __init__(self, routes: Sequence[BaseRoute], **given: Any) -> None:
        super().__init__(routes=routes, **given)
        self._short = {
            ("POST", route.path): route.app
            for route in routes
            if isinstance(route, Route) and isinstance(route.app, EventEndpoint)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or run the lifespan."""
        if scope["type"] == "http":
            short = self._short.get((scope["method"], scope["path"]))
            if short is not None:
                await short(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
