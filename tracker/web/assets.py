"""The built front-end files of the pages."""

from __future__ import annotations

from starlette.responses import FileResponse, Response

from tracker.errors import NotFound
from tracker.web.call import Call
from tracker.web.resources import ASSETS, asset_versions

_FOR_EVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"


async def asset(call: Call) -> Response:
    """One file of the assets directory; with its version in the address it never expires."""
    name = call.request.path_params["name"]
    path = ASSETS / name
    # The route's parameter holds no slash, and this asks for a plain file of the directory.
    if path.parent != ASSETS or not path.is_file():
        raise NotFound(
            f"There is nothing at {call.request.url.path}.",
            hint="In a source checkout, build the front end with: npm run build.",
        )
    versioned = call.request.query_params.get("v") == asset_versions().get(name)
    return FileResponse(path, headers={"Cache-Control": _FOR_EVER if versioned else _AN_HOUR})
