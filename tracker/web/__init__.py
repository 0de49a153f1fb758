"""Pages and JSON API. Nothing outside this package, the application and ingest knows of HTTP."""

from tracker.web.parts import (
    FileOptions,
    WebActions,
    WebParts,
    WebSettings,
)
from tracker.web.routing import ENDPOINTS, exception_handlers, routes

__all__ = [
    "ENDPOINTS",
    "FileOptions",
    "WebActions",
    "WebParts",
    "WebSettings",
    "exception_handlers",
    "routes",
]
