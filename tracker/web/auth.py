"""Who asks: session cookies, API tokens, and the proof that a form came from our own page.

The session cookie holds a random secret whose hash is a row; nothing in it can be forged or
read. Forms carry a token derived from that secret (before log-in, from a random cookie of its
own), and requests that change something must not name another origin.
"""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response

from tracker.accounts.access import Principal
from tracker.accounts.identifiers import new_secret
from tracker.accounts.sessions import LIFETIME, csrf_matches, csrf_token, resolve_session
from tracker.accounts.tokens import resolve_token
from tracker.accounts.users import get_user
from tracker.errors import AccessDenied
from tracker.web.addresses import host_of
from tracker.web.call import Call, Caller
from tracker.web.errors import Forged
from tracker.web.parts import WebParts

SESSION, FORM = "tracker_session", "tracker_form"
_ONE_YEAR = 365 * 86400


def is_https(request: Request, parts: WebParts) -> bool:
    """Whether browsers reach us over TLS, perhaps through a proxy that ends it."""
    return request.url.scheme == "https" or parts.settings.public_url.startswith("https:")


def read_cookie(request: Request, parts: WebParts, name: str) -> str:
    """The value of one of our secret cookies, empty if it is not there."""
    return request.cookies.get(_cookie_name(name, https=is_https(request, parts)), "")


def set_secret_cookie(
    response: Response, request: Request, parts: WebParts, name: str, value: str, *, age: int | None
) -> None:
    """A cookie that scripts cannot read and other sites' forms do not send."""
    https = is_https(request, parts)
    response.set_cookie(
        _cookie_name(name, https=https),
        value,
        max_age=age,
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )


def set_preference(response: Response, request: Request, parts: WebParts, **values: str) -> None:
    """Language and theme are kept a year in cookies that hold nothing secret."""
    for name, value in values.items():
        response.set_cookie(
            f"tracker_{name}",
            value,
            max_age=_ONE_YEAR,
            path="/",
            secure=is_https(request, parts),
            httponly=True,
            samesite="lax",
        )


def start_session(response: Response, request: Request, parts: WebParts, secret: str) -> None:
    """Hand the secret of a new session to the browser."""
    age = int(LIFETIME.total_seconds())
    set_secret_cookie(response, request, parts, SESSION, secret, age=age)


def end_session(response: Response, request: Request, parts: WebParts) -> None:
    """Take the session cookie away."""
    set_secret_cookie(response, request, parts, SESSION, "", age=0)


def caller_by_cookie(request: Request, parts: WebParts) -> Caller:
    """The user whose session the cookie names, or an anonymous caller."""
    secret = read_cookie(request, parts, SESSION)
    session = resolve_session(parts.db, secret, now=parts.clock()) if secret else None
    if session is None:
        return Caller()
    user = get_user(parts.db, session.user)
    return Caller(Principal.of_user(parts.db, user), user, session)


def caller_by_token(request: Request, parts: WebParts) -> Caller | None:
    """The holder of the token in the Authorization header; None without that header.

    AccessDenied (401) for another scheme, an unknown or a revoked token.
    """
    header = request.headers.get("Authorization", "")
    if not header:
        return None
    scheme, _, secret = header.partition(" ")
    token = None
    if scheme.lower() == "bearer":
        token = resolve_token(parts.db, secret.strip(), now=parts.clock())
    if token is None:
        raise AccessDenied(
            "The Authorization header names no valid token.",
            hint="Send 'Authorization: Bearer trk_…'; make a token with: tracker token add.",
            status=401,
        )
    return Caller(Principal.of_token(token))


def form_secret(request: Request, parts: WebParts) -> tuple[str, bool]:
    """The secret that the forms' token derives from, and whether its cookie has yet to be set."""
    known = read_cookie(request, parts, SESSION) or read_cookie(request, parts, FORM)
    return (known, False) if known else (new_secret(), True)


def form_token(secret: str) -> str:
    """What a form sends along."""
    return csrf_token(secret)


def check_form(call: Call, secret: str, *, given: str) -> None:
    """Forged unless the request carries the session's token and comes from our own pages."""
    token = call.request.headers.get("X-CSRF-Token", "") or given
    if not csrf_matches(secret, token) or not _same_origin(call):
        raise Forged(
            "This form has expired or was sent from another site.",
            hint="Go back, load the page again and repeat.",
        )


def same_secret(given: str, wanted: str) -> bool:
    """Whether two secrets are equal, compared in constant time; an empty one never is."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def _same_origin(call: Call) -> bool:
    origin = call.request.headers.get("Origin")
    if origin is None:
        return True
    own = {call.request.url.netloc, host_of(call.parts.settings.public_url)}
    return host_of(origin) in own - {""}


def _cookie_name(name: str, *, https: bool) -> str:
    # A __Host- cookie cannot be set by a neighbouring subdomain.
    return f"__Host-{name}" if https else name
