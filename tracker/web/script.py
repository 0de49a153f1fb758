"""The beacon's files: ``/t.js`` with an ETag and a day of cache, frozen versions for ever.

Served to any origin, so that a page can check them against their SRI hash. Read from the
installed package at the first request and kept.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

ASSETS = Path(__file__).parent / "assets"
DAY = "public, max-age=86400"
FOR_EVER = "public, max-age=31536000, immutable"
PUBLIC = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


def routes() -> list[BaseRoute]:
    """One route a file of the beacon."""
    return [
        Route(f"/{path.name}", _serve, methods=["GET"]) for path in sorted(ASSETS.glob("t*.js"))
    ]


async def _serve(request: Request) -> Response:
    name = request.url.path.removeprefix("/")
    body, tag = _read(name)
    frozen = any(character.isdigit() for character in name)
    headers = {**PUBLIC, "etag": tag, "cache-control": FOR_EVER if frozen else DAY}
    if tag in request.headers.get("if-none-match", ""):
        return PlainTextResponse("", status_code=304, headers=headers)
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


@cache
def _read(name: str) -> tuple[bytes, str]:
    body = (ASSETS / name).read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
