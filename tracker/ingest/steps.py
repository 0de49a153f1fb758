"""What happens to an event on its way to the spool: one visible list of named steps.

The same steps serve the beacon, ``events import`` and server-side events; what differs between
them is in the ``Request``. A step reads and fills the ``Draft``, or returns the ``Reason`` for
which the event is dropped. Nothing here does I/O, but for the salt and suppression look-ups that
the ``Environment`` brings with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache

from tracker.accounts.domains import covers_host
from tracker.ingest.address import parse_ip, within
from tracker.ingest.admission import is_excluded
from tracker.ingest.columns import Batch
from tracker.ingest.days import local_day
from tracker.ingest.draft import Draft, Environment, Request
from tracker.ingest.enrich import Client
from tracker.ingest.identity import single, visitor_number
from tracker.ingest.payload import URL_LENGTH, VISITOR_LENGTH, Beacon
from tracker.ingest.reasons import KEPT, Reason
from tracker.ingest.recording import record, reject, whole

#: Oldest event that the public endpoint takes as of its own time; older ones are of this age.
MAX_AGE = 7 * 24 * 3600 * 1000


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
    client = draft.client = draft.client or env.enricher.client(request.ip, request.user_agent)
    reason, policy = None, settings.bots
    if client.robot or not (request.user_agent or request.trusted):
        reason = Reason.BOT
    elif draft.beacon.automation:
        reason = Reason.AUTOMATION
    elif client.hosted:
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
        draft.time = received if beacon.occurred is None else whole(beacon.occurred, received)
        return None
    sent, occurred = beacon.sent, beacon.occurred
    if occurred is None or sent is None:
        draft.time = received
        return None
    if type(sent) is int and type(occurred) is int:
        age = sent - occurred
    else:
        age = whole(sent, 0) - whole(occurred, 0)
    draft.time = received if age <= 0 else received - (age if age < MAX_AGE else MAX_AGE)
    return None


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


#: What happens to an event after its body is parsed, in order; ``record`` ends it. The steps of its
#: page come out alike for all events of a request that are of one page.
PAGE_STEPS: tuple[Step, ...] = (find_site, classify_source, check_origin, refuse_bots)
EVENT_STEPS: tuple[Step, ...] = (set_time, identify, suppress)
STEPS = PAGE_STEPS + EVENT_STEPS


def process(
    beacons: Iterable[Beacon], request: Request, env: Environment, batch: Batch
) -> list[Reason]:
    """Take events through the steps; lines go to ``batch``, the reasons of drops come back."""
    beacons = list(beacons)
    keys = [beacon.site for beacon in beacons]
    above = () if request.trusted else env.above_rate(keys, request)
    dropped: list[Reason] = []
    seen: set[str] = set()
    # All events of a request come from one client: it is looked up for the first of them.
    client: Client = None  # type: ignore[assignment]
    passed: Draft | None = None
    for beacon in beacons:
        if beacon.event_id in seen:
            dropped.append(Reason.DUPLICATE)
            env.counters.drop(Reason.DUPLICATE)
            continue
        seen.add(beacon.event_id)
        draft = Draft(beacon, request, client=client)
        if beacon.site in above:
            draft.flags += (Reason.RATE.value,)
            env.counters.add(f"flagged.{Reason.RATE}")
        reason = process_one(draft, env, batch, passed)
        client = draft.client
        if reason is None:
            passed = draft
        else:
            dropped.append(reason)
    return dropped


def process_one(
    draft: Draft, env: Environment, batch: Batch, passed: Draft | None = None
) -> Reason | None:
    """Take one event through the steps and record the outcome.

    ``passed``: an event of the same request that was recorded. What the steps of the page found for
    it is taken over where the page is the same.
    """
    steps = STEPS
    if passed is not None and _is_of_one_page(draft, passed):
        draft.site, draft.sighting = passed.site, passed.sighting
        steps = EVENT_STEPS
    for step in steps:
        reason = step(draft, env)
        if reason is not None:
            env.counters.drop(reason)
            if reason in KEPT:
                reject(draft, reason, batch)
            return reason
    record(draft, batch)
    return None


def _is_of_one_page(draft: Draft, passed: Draft) -> bool:
    """Whether the steps of the page would do for an event what they did for ``passed``; whatever
    was flagged is looked at by itself."""
    beacon, other = draft.beacon, passed.beacon
    return (
        beacon.url == other.url
        and beacon.referrer == other.referrer
        and beacon.site == other.site
        and beacon.automation == other.automation
        and not passed.flags
        and not draft.flags
    )
