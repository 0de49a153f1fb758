"""Access rules: what a route asks of its caller. A route cannot be made without one."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from tracker.accounts.rights import Right
from tracker.web.call import Call

Handler = Callable[[Call], Awaitable[Response]]

#: Largest body of a form without a file.
FORM_LIMIT = 64 * 1024


class Access(enum.Enum):
    """Who may use a route. The site rules take the site from the path."""

    PUBLIC = "public"
    SET_UP = "set-up"
    LOGGED_IN = "logged-in"
    SITE_READ = "site read"
    SITE_WRITE = "site write"
    SITE_ADMIN = "site admin"
    SITE_SPEND = "site spend"

    @property
    def right(self) -> Right | None:
        """The right on the site of the path, None for rules without a site."""
        return _RIGHTS.get(self)


_RIGHTS = {
    Access.SITE_READ: Right.READ,
    Access.SITE_WRITE: Right.WRITE,
    Access.SITE_ADMIN: Right.ADMIN,
    Access.SITE_SPEND: Right.SPEND,
}


class Surface(enum.Enum):
    """Whom a route answers: browsers (HTML, redirects to the log-in) or programs (JSON)."""

    PAGE = "page"
    API = "api"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. ``upload`` raises the body limit to that of files. ``own_secret``: a
    public route for programs whose address is a secret, which the handler checks."""

    method: str
    path: str
    handler: Handler
    access: Access
    surface: Surface = Surface.PAGE
    upload: bool = False
    own_secret: bool = False
