"""One request as a handler sees it: who asks, for which site, in which language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tracker.accounts.access import Principal, Right
from tracker.accounts.sessions import Session
from tracker.accounts.sites import Site
from tracker.accounts.users import User
from tracker.period import parse_zone
from tracker.web.formats import Formats
from tracker.web.i18n import Language
from tracker.web.parts import WebParts

if TYPE_CHECKING:
    from tracker.web.rendering import Pages


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; all None for an anonymous one. A token has no user and no session."""

    principal: Principal | None = None
    user: User | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request after language, identity, access and CSRF were settled."""

    request: Request
    parts: WebParts
    pages: Pages
    language: Language
    theme: str
    csrf: str
    caller: Caller = field(default_factory=Caller)
    known_site: Site | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, UploadFile] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        """The site of a site route; the access rule has put it here."""
        if self.known_site is None:
            raise LookupError("this route has no site")
        return self.known_site

    @property
    def principal(self) -> Principal:
        """The caller of a route that needs one."""
        if self.caller.principal is None:
            raise LookupError("this route is open to anonymous callers")
        return self.caller.principal

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone, UTC on pages without a site."""
        return parse_zone(self.known_site.timezone) if self.known_site else ZoneInfo("UTC")

    @property
    def formats(self) -> Formats:
        """How figures are written for this reader."""
        return Formats(self.language.locale, self.zone)

    def may(self, right: Right) -> bool:
        """Whether the caller holds the right on the site."""
        held = self.principal.right_on(self.site)
        return held is not None and held.covers(right)

    def text(self, message: str, **values: object) -> str:
        """The translation of a message with its values filled in."""
        translated = self.language.gettext(message)
        return translated % values if values else translated

    def public_url(self) -> str:
        """Where browsers reach this installation, without a slash at the end."""
        base = self.parts.settings.public_url or str(self.request.base_url)
        return base.rstrip("/")
