"""The visitor id as an HTTP cookie, where the server runs on a host of the site's own domain.

Some browsers forget what scripts store after a week; a cookie that the site's own server sets is
kept for as long as it says. It is used only

- where the site's rule ``http_cookie`` asks for it and the site is not cookieless;
- where the page and the host that takes the event are below the same domain of the site, such as
  ``www.company.example`` and ``t.company.example`` with the domain ``company.example``;
- for events that carry an id: the beacon sends one only where consent allows to keep it.

The cookie's id wins over the beacon's, which is younger if they differ. Every answer sets the
cookie anew for 400 days. Events without an id, a privacy signal that the site honours, and a
visitor who has asked to be forgotten have it removed. It belongs to that host alone, scripts cannot
read it, and other sites' requests do not carry it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from tracker.accounts.domains import covers_host
from tracker.accounts.sites import Site
from tracker.ingest.payload import Beacon
from tracker.ingest.reasons import Reason

NAME = "_trk"
#: Seconds: 400 days, the longest that browsers keep a cookie.
MAX_AGE = 400 * 24 * 3600
#: Longest Cookie header that is read.
HEADER_LENGTH = 16_384

_ID = re.compile(r"[0-9a-f]{16}")
_FORGET = frozenset({Reason.SUPPRESSED, Reason.PRIVACY_SIGNAL})


@dataclass(frozen=True, slots=True)
class CookieRequest:
    """What a request says that concerns the cookie; headers as they came."""

    host: str
    origin: str
    cookie: str

    def may_set(self, site: Site) -> bool:
        """Whether the site asks for the cookie, and page and host are below one of its domains."""
        settings = site.settings
        if not settings.http_cookie or settings.cookieless:
            return False
        host, page = _host(self.host), _host(self.origin.partition("://")[2])
        return any(covers_host((d,), host) and covers_host((d,), page) for d in site.domains)

    @property
    def visitor(self) -> str:
        """The id that the cookie holds, empty without one that can be used."""
        for part in self.cookie[:HEADER_LENGTH].split(";"):
            name, _, value = part.strip().partition("=")
            if name == NAME and _ID.fullmatch(value):
                return value
        return ""


def remembered(beacons: list[Beacon], request: CookieRequest) -> tuple[list[Beacon], str]:
    """The events with the id of the cookie in place of the beacon's, and the id to keep.

    The id is empty where no event has one, and none of the events gains one.
    """
    given = [beacon.visitor for beacon in beacons if beacon.visitor]
    if not given:
        return beacons, ""
    visitor = request.visitor or (given[-1] if _ID.fullmatch(given[-1]) else "")
    if not visitor:
        return beacons, ""
    return [
        msgspec.structs.replace(beacon, visitor=visitor) if beacon.visitor else beacon
        for beacon in beacons
    ], visitor


def cookie_header(
    request: CookieRequest, visitor: str, dropped: Iterable[Reason], *, stored: bool
) -> str:
    """The Set-Cookie header after the events were taken; empty where none is needed.

    ``stored``: at least one of the events was kept.
    """
    if not visitor or not _FORGET.isdisjoint(dropped):
        return _line("", 0) if request.visitor else ""
    return _line(visitor, MAX_AGE) if stored else ""


def _line(value: str, age: int) -> str:
    return f"{NAME}={value}; Max-Age={age}; Path=/; Secure; HttpOnly; SameSite=Lax"


def _host(text: str) -> str:
    """The host of ``host[:port]``, in lower case."""
    host = text.strip().lower()
    return host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
