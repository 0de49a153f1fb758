"""The demo company's web site: three pages with the snippet on them and an inquiry form."""

from __future__ import annotations

from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

_HERE = Path(__file__).parent
FILES = {
    "/demo/style.css": ("style.css", "text/css"),
    "/demo/contact.js": ("contact.js", "text/javascript"),
}
PAGES = ("index", "products", "contact", "thanks")


def routes(site: str) -> list[BaseRoute]:
    """The pages below ``/demo/``, tracked as this site."""
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    bodies = {name: (_HERE / f"{name}.html").read_text(encoding="utf-8") for name in PAGES}

    async def page(request: Request) -> HTMLResponse:
        name = request.path_params.get("name") or "index"
        if name not in bodies:
            return HTMLResponse("Not found", status_code=404)
        body = template.replace("{site}", escape(site)).replace("{body}", bodies[name])
        return HTMLResponse(body)

    async def file(request: Request) -> Response:
        name, kind = FILES[request.url.path]
        return Response((_HERE / name).read_bytes(), media_type=kind)

    return [
        Route("/demo/", page),
        *(Route(path, file) for path in FILES),
        Route("/demo/{name}", page),
    ]
