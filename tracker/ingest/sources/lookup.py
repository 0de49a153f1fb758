"""Which engine or place a host is, from the tables: exact hosts, suffixes, country domains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tracker.ingest.sources.engines import ENGINES, SEARCH_SUBDOMAINS, Engine
from tracker.ingest.sources.names import NAMES, Named
from tracker.ingest.sources.sites import ANDROID_APPS, PLACES, Kind

#: ``name.<country>``, ``name.com.<country>``, ``name.co.<country>``, ``name.com``.
#: NOTE: tried without a subdomain first (``??``), or ``yandex.com.tr`` would be the name ``com``.
_COUNTRY = re.compile(r"^(?:(.*?)\.)??([a-z0-9-]+)\.((?:com?\.)?[a-z]{2}|com)$")
_SPACES = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a referring host is. ``ads``: networks whose paid clicks may come from its pages."""

    name: str
    kind: Kind
    platform: str = ""
    ads: tuple[str, ...] = ()
    engine: Engine | None = None


def _tables() -> tuple[dict[str, Origin], dict[str, Origin], dict[str, Origin]]:
    exact: dict[str, Origin] = {}
    suffix: dict[str, Origin] = {}
    country: dict[str, Origin] = {}
    rows = [
        (host, Origin(e.name, Kind.SEARCH, e.platform, e.ads, e))
        for e in ENGINES
        for host in e.hosts
    ]
    rows += [
        (host, Origin(p.name, kind, p.network, (p.network,) if p.network else ()))
        for kind, places in PLACES
        for p in places
        for host in p.hosts
    ]
    for host, origin in rows:
        if host.startswith("="):
            exact[host[1:]] = origin
        elif host.endswith(".*"):
            country[host[:-2]] = origin
        else:
            suffix[host] = origin
    return exact, suffix, country


_EXACT, _SUFFIX, _COUNTRY_NAMES = _tables()


@lru_cache(maxsize=16_384)
def origin_of(host: str) -> Origin | None:
    """The engine or place of a lower-case host (or Android package), None if it is neither."""
    host = ANDROID_APPS.get(host, host)
    if host in _EXACT:
        return _EXACT[host]
    rest = host
    while rest:
        if rest in _SUFFIX:
            return _SUFFIX[rest]
        _, _, rest = rest.partition(".")
    return _country_origin(host)


def _country_origin(host: str) -> Origin | None:
    match = _COUNTRY.match(host)
    if match is None:
        return None
    subdomain, name = match.group(1) or "", match.group(2)
    below = f"{subdomain.rpartition('.')[2]}.{name}"
    if below in _COUNTRY_NAMES:
        return _COUNTRY_NAMES[below]
    origin = _COUNTRY_NAMES.get(name)
    if origin is None:
        return None
    if origin.kind is Kind.SEARCH and subdomain not in SEARCH_SUBDOMAINS:
        return None
    return origin


@lru_cache(maxsize=4_096)
def named_source(text: str) -> Named | None:
    """What a tag's source means: a known name, or the host of a known engine or place."""
    plain = text.strip().lower()
    named = NAMES.get(_SPACES.sub("", plain)) or NAMES.get(plain)
    if named is not None:
        return named
    origin = origin_of(plain) if "." in plain else None
    return Named(origin.platform, origin.kind) if origin is not None else None
