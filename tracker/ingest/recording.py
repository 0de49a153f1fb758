"""The lines that an event leaves behind: its own and its contacts', or that of a bot."""

from __future__ import annotations

from functools import lru_cache

from tracker.accounts.sites import Site
from tracker.ingest.columns import (
    Batch,
    EventColumns,
    RejectedColumns,
    event_line,
    instant,
    line,
)
from tracker.ingest.contacts import identity_lines, without_contacts
from tracker.ingest.draft import Draft
from tracker.ingest.identity import visitor_number
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
from tracker.ingest.reasons import Reason
from tracker.ingest.stripping import stored_form, stripped


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
    width, height = whole(sizes[0], 0), whole(sizes[1], 0)
    return f"{width}x{height}" if 0 < width < 100_000 and 0 < height < 100_000 else ""


def whole(value: float, default: int) -> int:
    """A number of JSON without its fraction; ``default`` for one that is none."""
    if type(value) is int:
        return value
    try:
        return int(value)
    except (OverflowError, ValueError):  # infinity, NaN
        return default
