"""The lines that an event leaves behind: its own and its contacts', or that of a bot."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from tracker.accounts.sites import Site
from tracker.ingest.columns import (
    Batch,
    EventColumns,
    PageColumns,
    RejectedColumns,
    event_line,
    fragment,
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

#: Texts of an event's page are remembered up to this length, all together.
KEPT_LENGTH = 512
NO_PROPS: dict[str, str] = {}


def record(draft: Draft, batch: Batch) -> None:
    """Write the event's line, and those of the contact keys that an ``identify`` brings."""
    beacon, request, client, sighting = draft.beacon, draft.request, draft.client, draft.sighting
    page, cut = _page_of(beacon)
    if cut or sighting.cut or len(beacon.url) > URL_LENGTH:
        draft.flags += ("cut",)
    value, currency, props = None, "", NO_PROPS
    if beacon.props or beacon.value is not None or beacon.currency:
        value, currency, props = _details(draft, batch)
    attempt, site = beacon.attempt, draft.site
    full = site.settings.keep_full_ip and sighting.source.paid
    columns = EventColumns(
        site.key,
        instant(draft.time),
        instant(request.received),
        beacon.event_id,
        draft.visitor,
        request.origin,
        draft.memory,
        attempt if 0 < attempt < 256 else min(max(attempt, 1), 255),
        value,
        currency,
        props,
        client.ip if full else client.truncated,
        ",".join(draft.flags) if draft.flags else "",
    )
    batch.events.append(event_line(columns, page, client.json, sighting.json))


def _details(draft: Draft, batch: Batch) -> tuple[Decimal | None, str, dict[str, str]]:
    """Value, currency and properties as stored; of an ``identify`` the contact keys go apart."""
    beacon = draft.beacon
    props, cut = bounded_props(beacon.props)
    value, currency, usable = bounded_value(beacon.value, beacon.currency or "")
    if props and _name(beacon.name) == "identify":
        batch.identities += identity_lines(draft.site.key, props, draft.visitor, draft.time)
        props = without_contacts(props)
    if cut and "cut" not in draft.flags:
        draft.flags += ("cut",)
    if not usable:
        draft.flags += ("bad_value",)
    return value, currency, props


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


def _page_of(beacon: Beacon) -> tuple[bytes, bool]:
    """The JSON of ``PageColumns``, and whether name or title is longer than its bound."""
    name, title, sizes = beacon.name, beacon.title or "", beacon.sizes
    code, language = beacon.code or "", beacon.language or ""
    if sizes and len(sizes) > 4:
        sizes = sizes[:4]
    if len(name) + len(title) + len(code) + len(language) > KEPT_LENGTH:
        return _page(name, title, code, sizes, language)
    return _kept_page(name, title, code, sizes, language)


def _name(name: str) -> str:
    return name.strip()[:NAME_LENGTH] or "pageview"


def _page(
    name: str, title: str, code: str, sizes: tuple[float, ...] | None, language: str
) -> tuple[bytes, bool]:
    columns = PageColumns(
        _name(name),
        title.strip()[:TITLE_LENGTH],
        code.strip().upper()[:CODE_LENGTH],
        _pair(sizes[:2]) if sizes else "",
        _pair(sizes[2:]) if sizes else "",
        language.strip()[:LANGUAGE_LENGTH],
    )
    return fragment(columns), len(name) > NAME_LENGTH or len(title) > TITLE_LENGTH


_kept_page = lru_cache(maxsize=8_192)(_page)


def _pair(sizes: tuple[float, ...]) -> str:
    """``1920x1080``; empty where that is not plausible."""
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
