"""What happens to an event on its way to the spool: one visible list of named steps.

The same steps serve the beacon, ``events import`` and server-side events; what differs between
them is in the ``Request``. A step reads and fills the ``Draft``, or returns the ``Reason`` for
which the event is dropped. Nothing here does I/O, but for the salt and suppression look-ups that
the ``Environment`` brings with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from time import monotonic
from typing import Protocol

import msgspec

from tracker.accounts.domains import covers_host
from tracker.accounts.sites import Site
from tracker.ingest.address import Network, parse_ip, parse_networks, within
from tracker.ingest.admission import above_rate, is_excluded
from tracker.ingest.columns import (
    Batch,
    EventColumns,
    RejectedColumns,
    event_line,
    instant,
    line,
)
from tracker.ingest.contacts import identity_lines, without_contacts
from tracker.ingest.days import local_day
from tracker.ingest.enrich import Client, Enricher
from tracker.ingest.identity import Visitors, single, visitor_number
from tracker.ingest.landing import parse_address
from tracker.ingest.payload import (
    CODE_LENGTH,
    LANGUAGE_LENGTH,
    NAME_LENGTH,
    REFERRER_LENGTH,
    TITLE_LENGTH,
    URL_LENGTH,
    VISITOR_LENGTH,
    Beacon,
    bounded_props,
    bounded_value,
)
from tracker.ingest.rates import Rates
from tracker.ingest.reasons import KEPT, Counters, Reason
from tracker.ingest.sightings import Sighting, Sightings
from tracker.ingest.stripping import stored_form, stripped

#: Oldest event that the public endpoint takes as of its own time; older ones are of this age.
MAX_AGE = 7 * 24 * 3600 * 1000
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


Step = Callable[[Draft, Environment], Reason | None]


def find_site(draft: Draft, env: Environment) -> Reason | None:
    """The site of the key."""
    site = env.site(draft.beacon.site)
    if site is None:
        return Reason.UNKNOWN_SITE
    draft.site = site
    return None


def classify_source(draft: Draft, env: Environment) -> Reason | None:
    """Where the page view came from, and the stored form of its addresses.

    NOTE: before the checks, because a page seen again is one look-up, which they need anyway.
    """
    beacon = draft.beacon
    referrer = (beacon.referrer or "")[:URL_LENGTH]
    draft.sighting = env.sightings.find(draft.site, beacon.url[:URL_LENGTH], referrer)
    return None


def check_origin(draft: Draft, env: Environment) -> Reason | None:
    """The page is a web page of the site, and the client is not excluded by it."""
    request, settings, page = draft.request, draft.site.settings, draft.sighting.page
    if (page is None or page.scheme not in ("http", "https")) and draft.beacon.url:
        return Reason.BAD_URL
    if settings.excluded_ips and request.ip:
        address = parse_ip(request.ip)
        if address is not None and within(address, env.excluded(draft.site)):
            return Reason.EXCLUDED_IP
    if not request.trusted and not _allowed(draft):
        return Reason.ORIGIN
    excluded = settings.excluded_paths
    if excluded and page and is_excluded(excluded, page.path):
        return Reason.EXCLUDED_PATH
    if request.privacy_signal and settings.honour_dnt:
        return Reason.PRIVACY_SIGNAL
    return None


def _allowed(draft: Draft) -> bool:
    """By the Origin header where there is one, by the page's address otherwise."""
    origin, page = draft.request.origin_host, draft.sighting.page
    site = draft.site
    if not origin and page is None:
        return True
    host = page.host if page is not None else ""
    return _covers(site.domains, site.settings.allowed_origins, origin, "" if origin else host)


@lru_cache(maxsize=8_192)
def _covers(
    domains: tuple[str, ...], allowed: tuple[str, ...], origin: str, page_host: str
) -> bool:
    if allowed and origin:
        return origin in allowed
    host = page_host or _origin_host(origin)
    if allowed:
        return any(host == _origin_host(entry) for entry in allowed)
    return covers_host(domains, host)


def _origin_host(origin: str) -> str:
    """The host of ``scheme://host[:port]``."""
    host = origin.partition("://")[2]
    return host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]


def refuse_bots(draft: Draft, env: Environment) -> Reason | None:
    """Crawlers by their own word, browsers under automation, servers: dropped or flagged."""
    request, settings = draft.request, draft.site.settings
    draft.client = env.enricher.client(request.ip, request.user_agent)
    reason, policy = None, settings.bots
    if draft.client.robot or not (request.user_agent or request.trusted):
        reason = Reason.BOT
    elif draft.beacon.automation:
        reason = Reason.AUTOMATION
    elif draft.client.hosted:
        reason, policy = Reason.HOSTING, settings.hosting
    if reason is None or policy == "drop":
        return reason
    draft.flags += (reason.value,)
    env.counters.add(f"flagged.{reason}")
    return None


def set_time(draft: Draft, env: Environment) -> Reason | None:  # noqa: ARG001
    """When it occurred by our clock: received − (sent − occurred), two readings of one clock."""
    beacon, received = draft.beacon, draft.request.received
    if draft.request.trusted:
        draft.time = received if beacon.occurred is None else _ms(beacon.occurred, received)
        return None
    if beacon.occurred is None or beacon.sent is None:
        draft.time = received
        return None
    age = _ms(beacon.sent, 0) - _ms(beacon.occurred, 0)
    draft.time = received - min(age, MAX_AGE) if age > 0 else received
    return None


def _ms(value: float, default: int) -> int:
    if type(value) is int:
        return value
    try:
        return int(value)
    except (OverflowError, ValueError):  # infinity, NaN
        return default


def identify(draft: Draft, env: Environment) -> Reason | None:
    """The visitor: by the id given, else by a hash of the local day, else one of this event."""
    beacon, client = draft.beacon, draft.client
    given = (beacon.visitor or "").strip()[:VISITOR_LENGTH]
    if given and not (draft.site.settings.cookieless and not draft.request.trusted):
        draft.visitor, draft.memory = visitor_number(given), "stored"
        return None
    number = None
    if client.ip or client.user_agent:
        day: date = local_day(draft.site.timezone, draft.time)
        number = env.visitors.daily(draft.site, day, client.truncated, client.user_agent)
    if number is None:
        env.counters.add("visitors.without_salt")
        draft.visitor, draft.memory = single(beacon.event_id), "none"
    else:
        draft.visitor, draft.memory = number, "daily"
    return None


def suppress(draft: Draft, env: Environment) -> Reason | None:
    """Visitors who have asked to be forgotten stay forgotten."""
    return Reason.SUPPRESSED if env.suppressed(draft.site.key, draft.visitor) else None


#: What happens to an event after its body is parsed, in order; ``record`` ends it.
STEPS: tuple[Step, ...] = (
    find_site,
    classify_source,
    check_origin,
    refuse_bots,
    set_time,
    identify,
    suppress,
)


def process(
    beacons: Iterable[Beacon], request: Request, env: Environment, batch: Batch
) -> list[Reason]:
    """Take events through the steps; lines go to ``batch``, the reasons of drops come back."""
    beacons = list(beacons)
    keys = [beacon.site for beacon in beacons]
    above = () if request.trusted else env.above_rate(keys, request)
    dropped: list[Reason] = []
    seen: set[str] = set()
    for beacon in beacons:
        if beacon.event_id in seen:
            dropped.append(Reason.DUPLICATE)
            env.counters.drop(Reason.DUPLICATE)
            continue
        seen.add(beacon.event_id)
        draft = Draft(beacon, request)
        if beacon.site in above:
            draft.flags += (Reason.RATE.value,)
            env.counters.add(f"flagged.{Reason.RATE}")
        reason = process_one(draft, env, batch)
        if reason is not None:
            dropped.append(reason)
    return dropped


def process_one(draft: Draft, env: Environment, batch: Batch) -> Reason | None:
    """Take one event through the steps and record the outcome."""
    for step in STEPS:
        reason = step(draft, env)
        if reason is not None:
            env.counters.drop(reason)
            if reason in KEPT:
                reject(draft, reason, batch)
            return reason
    record(draft, batch)
    return None


def record(draft: Draft, batch: Batch) -> None:
    """Write the event's line, and those of the contact keys that an ``identify`` brings."""
    beacon, request, client, sighting = draft.beacon, draft.request, draft.client, draft.sighting
    name = beacon.name.strip()[:NAME_LENGTH] or "pageview"
    props, cut = bounded_props(beacon.props) if beacon.props else ({}, False)
    value, currency, usable = None, "", True
    if beacon.value is not None or beacon.currency:
        value, currency, usable = bounded_value(beacon.value, beacon.currency or "")
    if name == "identify" and props:
        site, visitor, time = draft.site.key, draft.visitor, draft.time
        batch.identities += identity_lines(site, props, visitor, time)
        props = without_contacts(props)
    if cut or sighting.cut or _is_cut(beacon):
        draft.flags += ("cut",)
    if not usable:
        draft.flags += ("bad_value",)
    screen, viewport = _sizes(*beacon.sizes[:4]) if beacon.sizes else ("", "")
    full = sighting.source.paid and draft.site.settings.keep_full_ip
    columns = EventColumns(
        draft.site.key,
        instant(draft.time),
        instant(request.received),
        beacon.event_id,
        draft.visitor,
        request.origin,
        name,
        draft.memory,
        min(max(beacon.attempt, 1), 255),
        (beacon.title or "").strip()[:TITLE_LENGTH],
        value,
        currency,
        props,
        (beacon.code or "").strip().upper()[:CODE_LENGTH],
        screen,
        viewport,
        (beacon.language or "").strip()[:LANGUAGE_LENGTH],
        client.ip if full else client.truncated,
        ",".join(draft.flags),
    )
    batch.events.append(event_line(columns, client.json, sighting.json))


def reject(draft: Draft, reason: Reason, batch: Batch) -> None:
    """Keep a bot's event in its own table."""
    beacon, client = draft.beacon, draft.client
    columns = RejectedColumns(
        site=draft.site.key,
        received=instant(draft.request.received),
        reason=reason.value,
        name=beacon.name[:NAME_LENGTH],
        url=_without_personal(beacon.url, draft.site)[:URL_LENGTH],
        referrer=_without_personal(beacon.referrer or "", draft.site)[:REFERRER_LENGTH],
        ip=client.truncated,
        user_agent=client.user_agent,
        visitor=visitor_number(beacon.visitor[:VISITOR_LENGTH]) if beacon.visitor else 0,
    )
    batch.rejected.append(line(columns))


def _without_personal(url: str, site: Site) -> str:
    address = parse_address(url[:URL_LENGTH]) if url else None
    names = frozenset(site.settings.stripped_params)
    return stored_form(stripped(address, names)) if address else ""


def _is_cut(beacon: Beacon) -> bool:
    """Whether a text of the event itself is longer than its bound; addresses: see ``Sighting``."""
    return (
        len(beacon.name) > NAME_LENGTH
        or len(beacon.url) > URL_LENGTH
        or len(beacon.title or "") > TITLE_LENGTH
    )


@lru_cache(maxsize=4_096)
def _sizes(*sizes: float) -> tuple[str, str]:
    """Screen and viewport as ``1920x1080``; empty where a pair is not plausible."""
    return _pair(sizes[:2]), _pair(sizes[2:])


def _pair(sizes: tuple[float, ...]) -> str:
    if len(sizes) < 2:
        return ""
    width, height = _ms(sizes[0], 0), _ms(sizes[1], 0)
    return f"{width}x{height}" if 0 < width < 100_000 and 0 < height < 100_000 else ""
