"""An event in the making, the request that brought it, and what its steps look things up in."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import msgspec

from tracker.accounts.sites import Site
from tracker.ingest.address import Network, parse_networks
from tracker.ingest.admission import above_rate
from tracker.ingest.enrich import Client, Enricher
from tracker.ingest.identity import Visitors
from tracker.ingest.payload import Beacon
from tracker.ingest.rates import Rates
from tracker.ingest.reasons import Counters
from tracker.ingest.sightings import Sighting, Sightings

#: Seconds for which a site is not asked for again, beside the age that ``SiteSource`` allows.
RECENT = 0.2


class Request(msgspec.Struct, frozen=True, gc=False):
    """What is known of a request beside its body. ``received`` is in UTC ms.

    ``trusted``: an import or an authenticated server, whose word on time, address and user agent
    is taken; its events keep their time, whatever their age.
    """

    received: int
    origin: str
    ip: str
    user_agent: str
    origin_host: str = ""
    trusted: bool = False
    privacy_signal: bool = False


class Suppression(Protocol):
    """Whether a visitor has asked to be forgotten."""

    def __call__(self, site: str, visitor: int) -> bool: ...


class SiteSource(Protocol):
    """The site of a key, None if there is none."""

    def get(self, key: str) -> Site | None: ...


@dataclass(slots=True)
class Environment:
    """What the steps look things up in; shared by all requests of a process."""

    sites: SiteSource
    enricher: Enricher
    visitors: Visitors
    sightings: Sightings
    counters: Counters
    suppressed: Suppression = field(default=lambda site, visitor: False)  # noqa: ARG005
    networks: dict[tuple[str, ...], tuple[Network, ...]] = field(default_factory=dict)
    recent: dict[str, tuple[float, Site]] = field(default_factory=dict)
    rates: Rates = field(default_factory=Rates)

    def site(self, key: str) -> Site | None:
        """The site of a key; a busy one is asked for five times a second, not for every event."""
        known = self.recent.get(key)
        now = monotonic()
        if known is not None and now - known[0] < RECENT:
            return known[1]
        site = self.sites.get(key)
        if site is not None:
            if len(self.recent) > 50_000:
                self.recent.clear()
            self.recent[key] = (now, site)
        return site

    def above_rate(self, keys: list[str], request: Request) -> tuple[str, ...]:
        """As ``above_rate`` of admission, with the sites and counters of this process."""
        return above_rate(keys, request.ip, request.received, self.site, self.rates, self.counters)

    def excluded(self, site: Site) -> tuple[Network, ...]:
        """The site's excluded networks, parsed once."""
        texts = site.settings.excluded_ips
        if texts not in self.networks:
            if len(self.networks) > 10_000:
                self.networks.clear()
            self.networks[texts] = parse_networks(texts, "excluded_ips")
        return self.networks[texts]


class Draft(msgspec.Struct, gc=False):
    """An event in the making. The fields below the blank line are filled by the steps."""

    beacon: Beacon
    request: Request

    site: Site = None  # type: ignore[assignment]
    sighting: Sighting = None  # type: ignore[assignment]
    client: Client = None  # type: ignore[assignment]
    time: int = 0
    visitor: int = 0
    memory: str = ""
    flags: tuple[str, ...] = ()
