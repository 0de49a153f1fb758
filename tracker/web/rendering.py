"""Pages: Jinja templates in the reader's language, with the headers that every answer has."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from tracker.accounts.identifiers import new_id
from tracker.accounts.rights import Right
from tracker.web.call import Call
from tracker.web.connection_view import alerts
from tracker.web.i18n import LANGUAGES, language
from tracker.web.resources import asset_versions, dashboards
from tracker.web.vocabulary import (
    channel_name,
    device_name,
    event_name,
    platform_name,
    site_sections,
)

#: NOTE: no 'unsafe-inline' anywhere: a template with a style or onclick attribute will not work.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def secured(response: Response, *, https: bool) -> Response:
    """The response with the security headers; answers are private unless they say otherwise."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "private, no-store")
    if https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


class Pages:
    """The templates, compiled once per language."""

    def __init__(self, templates: Path | None = None) -> None:
        directory = templates or dashboards("templates")
        self._versions = asset_versions()
        self._environments = {tag: self._environment(directory, tag) for tag in LANGUAGES}

    def render(
        self, call: Call, template: str, *, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """A page; ``context`` goes to the template beside what every page has."""
        page = self._environments[call.language.tag].get_template(template)
        return HTMLResponse(page.render(**_common(call), **context), status_code=status)

    def asset(self, name: str) -> str:
        """The address of a built file, with its version so that it may be cached for ever."""
        version = self._versions.get(name)
        return f"/assets/{name}?v={version}" if version else f"/assets/{name}"

    def _environment(self, directory: Path, tag: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(directory),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        speech = language(tag)
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            speech.gettext, speech.ngettext, newstyle=True, pgettext=speech.pgettext
        )
        environment.globals["asset"] = self.asset
        environment.globals["once"] = new_id
        return environment


@cache
def standard_pages() -> Pages:
    """The pages of this process: whoever shows one, its template is compiled once."""
    return Pages()


def _common(call: Call) -> dict[str, Any]:
    speech, site = call.language, call.known_site
    rights = {right.value: site is not None and call.may(right) for right in Right}
    return {
        "alerts": alerts(call),
        "csrf": call.csrf,
        "fmt": call.formats,
        "here": call.request.url.path,
        "languages": [(tag, name) for tag, (_, _, name) in LANGUAGES.items()],
        "platform_name": lambda platform: platform_name(speech, platform),
        "channel_name": lambda channel: channel_name(speech, channel),
        "device_name": lambda device: device_name(speech, device),
        "event_name": lambda name: event_name(speech, name),
        "rights": rights,
        "return_to": _return_to(call),
        "sections": site_sections(speech, site.key, rights) if site else [],
        "site": site,
        "tag": speech.tag,
        "theme": call.theme,
        "user": call.caller.user,
    }


def _return_to(call: Call) -> str:
    """Where a change of language or theme leads back to: this page, if it can be fetched."""
    url = call.request.url
    if call.request.method not in ("GET", "HEAD"):
        return url.path
    return f"{url.path}?{url.query}" if url.query else url.path
