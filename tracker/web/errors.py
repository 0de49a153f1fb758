"""Errors as answers: one JSON shape for programs, a page in the reader's language for people.

    {"error": {"code": "not_found", "message": "No site 'abc'.", "hint": "Check the key …"}}

``code`` is stable. No answer ever holds a stack trace; what was not foreseen is logged once here
and answered with the code ``internal``.
"""

from __future__ import annotations

import http
from urllib.parse import urlencode

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from tracker.errors import (
    AccessDenied,
    NotFound,
    RateLimited,
    TooLarge,
    TrackerError,
    Unavailable,
)
from tracker.web.addresses import parts_of
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.messages import translated

_log = structlog.get_logger(__name__)

_TITLES = {
    400: msgid("That cannot be used"),
    401: msgid("Please log in"),
    403: msgid("You may not do this"),
    404: msgid("Not found"),
    405: msgid("Not possible here"),
    409: msgid("Please confirm"),
    413: msgid("Too large"),
    429: msgid("Too many attempts"),
    503: msgid("Not available right now"),
}
_INTERNAL = msgid("Something went wrong on our side")


class Internal(TrackerError):
    """Stands for an exception that nobody foresaw; the real one is in the log."""

    code = "internal"
    status = 500


class WrongMethod(TrackerError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"
    status = 405


class Forged(AccessDenied):
    """A form without the token of its session, or sent from another site."""

    code = "csrf"


def foreseen(error: Exception, call: Call) -> TrackerError:
    """The error as one of ours; an unforeseen one is logged with its trace and named Internal."""
    if isinstance(error, TrackerError):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error, call)
    _log.error(
        "request failed",
        method=call.request.method,
        path=call.request.url.path,
        exc_info=error,
    )
    return Internal(
        "The server could not answer this request.",
        hint="Try again; if it keeps failing, look into the server's log.",
    )


def json_error(error: TrackerError) -> Response:
    """The one JSON shape of errors."""
    code = "not_authenticated" if error.status == 401 else error.code
    body = {"error": {"code": code, "message": error.message, "hint": error.hint}}
    return Response(
        msgspec.json.encode(body),
        status_code=error.status,
        media_type="application/json",
        headers=_headers(error) | ({"WWW-Authenticate": "Bearer"} if error.status == 401 else {}),
    )


def page_error(call: Call, error: TrackerError) -> Response:
    """An error page; who is not logged in is sent to the log-in and back."""
    if error.status == 401:
        return _to_log_in(call)
    url, reads = call.request.url, call.request.method in ("GET", "HEAD")
    title = call.language.gettext(_TITLES.get(error.status, _INTERNAL))
    message, hint = translated(call.language, error)
    page = call.pages.render(
        call,
        "error.html",
        status=error.status,
        title=title,
        message=message,
        hint=hint,
        # What was asked of a page that is there can be asked in another way.
        anew=url.path if error.status == 400 and reads and url.query else "",
    )
    page.headers.update(_headers(error))
    return page


def _to_log_in(call: Call) -> Response:
    headers, reads = call.request.headers, call.request.method in ("GET", "HEAD")
    # What htmx asks for is a part of the page that is shown, and no page.
    shown = parts_of(headers.get("HX-Current-URL", ""))
    if shown and shown.path:
        path, query = shown.path, shown.query
    else:
        path, query = call.request.url.path, call.request.url.query if reads else ""
    back = f"{path}?{query}" if query else path
    # A form is lost with the session that it was filled in by: the log-in says so.
    said = ({} if back == "/" else {"next": back}) | ({} if reads else {"unsaved": "1"})
    address = f"/login?{urlencode(said)}" if said else "/login"
    if headers.get("HX-Request"):
        # NOTE: htmx follows a 303 inside the fragment; this header makes it leave the page.
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


def _of_http(error: HTTPException, call: Call) -> TrackerError:
    path = call.request.url.path
    if error.status_code == 404:
        return NotFound(f"There is nothing at {path}.", hint="Check the address.")
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return WrongMethod(
            f"{call.request.method} is not possible at {path}.", hint=f"Allowed: {allowed}."
        )
    if error.status_code == 413:
        return TooLarge("The request is too large.")
    wrong = TrackerError(error.detail or http.HTTPStatus(error.status_code).phrase)
    wrong.status = error.status_code
    wrong.code = "invalid" if error.status_code < 500 else "internal"
    return wrong


def _headers(error: TrackerError) -> dict[str, str]:
    if isinstance(error, RateLimited | Unavailable):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, WrongMethod):
        return {"Allow": error.hint.removeprefix("Allowed: ").rstrip(".")}
    return {}
