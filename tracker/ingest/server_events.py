"""Events from servers of the company: ``POST /api/v1/sites/{site}/events`` with a token.

The body is one JSON object or an array of at most ``BATCH``, with the fields of a line of ``events
import``: ``time`` (RFC 3339 with a zone, at most 30 days back; the present where it is missing),
``visitor``, ``name``, ``url``, ``referrer``, ``title``, ``value``, ``currency``, ``props``, ``ip``,
``user_agent``, ``language``, ``code`` and ``id``, none of them required. Unknown keys are ignored,
as everywhere.

All or nothing: when one event is malformed none is taken, and the answer names its index (from 0)
and the field. What is well-formed goes through the steps of the beacon's events; those that a rule
of the site drops are counted by reason. The answer comes once the events are on disk.

An event with a ``code`` and no ``visitor`` has the visitor of that visit (``visit_codes.py``).

An event with an ``id`` counts once however often it is sent within eight days, the span over which
reports look for copies, and for ever with the same ``time``; where the id is no UUID, its hash is
the event's. Without an id every request is new, and a retry counts twice.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec.structs import replace

from tracker.accounts.clock import Clock, to_ms
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.ingest.address import parse_ip
from tracker.ingest.columns import Batch
from tracker.ingest.draft import Draft, Environment, Request
from tracker.ingest.landing import parse_address
from tracker.ingest.payload import (
    NAME_LENGTH,
    VISITOR_LENGTH,
    Beacon,
    PropValue,
    bounded_value,
    event_uuid,
)
from tracker.ingest.request_ids import fixed
from tracker.ingest.spool import Spool
from tracker.ingest.steps import process_one
from tracker.ingest.suppressed import visitor_text
from tracker.ingest.visit_codes import CodeLookUp

#: Most events in one request, and the largest body in bytes, unpacked.
BATCH = 1_000
BODY_BYTES = 4 * 1024 * 1024
#: How far back and ahead a time may lie, in ms.
LONGEST = 30 * 24 * 3600 * 1000
AHEAD = 10 * 60 * 1000
ID_LENGTH = 200
#: Events after which other requests have their turn.
BREATH = 50


class ServerEvent(msgspec.Struct, frozen=True):
    """One event as a server sends it."""

    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    visitor: str | int | None = None
    name: str | None = None
    url: str | None = None
    referrer: str | None = None
    title: str | None = None
    value: Decimal | None = None
    currency: str | None = None
    props: dict[str, PropValue] | None = None
    ip: str | None = None
    user_agent: str | None = None
    language: str | None = None
    code: str | None = None
    id: str | int | None = None


class BadEvent(InvalidInput):
    """One event of a request is malformed, and so none was taken."""

    def __init__(self, index: int, field: str, problem: str) -> None:
        where = f"events[{index}]" + (f".{field}" if field else "")
        super().__init__(
            f"{where}: {problem}. Nothing was taken.", hint="Correct it and send all of them again."
        )
        self.index = index
        self.field = field


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the events of a request."""

    accepted: int
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class ServerEvents:
    """Takes events in the name of a site. The caller has checked the right to do so."""

    env: Environment
    spool: Spool
    clock: Clock
    of_codes: CodeLookUp

    async def take(self, site: Site, body: bytes) -> Taken:
        """Return when the events are on disk; InvalidInput, BadEvent or Unavailable."""
        now = to_ms(self.clock())
        batch = Batch()
        dropped: Counter[str] = Counter()
        events = await self._with_visitors(site, parse_events(body, now), now)
        for number, event in enumerate(events, start=1):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            draft = Draft(_beacon(event, site), _request(event, now))
            reason = process_one(draft, self.env, batch)
            if reason is not None:
                dropped[reason.value] += 1
        await self.spool.append(batch)
        self.env.counters.add("requests")
        self.env.counters.add("events", len(batch.events))
        return Taken(len(events) - dropped.total(), dict(sorted(dropped.items())))

    async def _with_visitors(
        self, site: Site, events: list[ServerEvent], now: int
    ) -> list[ServerEvent]:
        """The events, those of a visit code with the visitor of its visit."""
        places = [place for place, event in enumerate(events) if _only_code(event)]
        if not places:
            return events
        asked = [
            ((event.code or "").strip().upper(), now if event.time is None else to_ms(event.time))
            for event in (events[place] for place in places)
        ]
        # NOTE: in a thread, as the engine is waited for; nothing is taken while it is away, because
        # an event that has lost its visit does not find it again.
        found = await asyncio.to_thread(self.of_codes, site.key, asked)
        for number, visitor in found.items():
            place = places[number]
            events[place] = replace(events[place], visitor=visitor_text(visitor))
        return events


_MANY = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(ServerEvent)


def parse_events(body: bytes, now: int) -> list[ServerEvent]:
    """The events of a body, all of them good; ``now`` in UTC ms. InvalidInput, BadEvent."""
    try:
        single = body.lstrip()[:1] == b"{"
        items = [msgspec.Raw(body)] if single else _MANY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("The body is not a JSON object or an array of them.") from error
    if not 0 < len(items) <= BATCH:
        raise InvalidInput(
            f"The request has {len(items)} events; 1 to {BATCH} are allowed.",
            hint="Send the others in further requests.",
        )
    return [_decoded(index, item, now) for index, item in enumerate(items)]


def _decoded(index: int, item: msgspec.Raw, now: int) -> ServerEvent:
    try:
        event = _ONE.decode(item)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        raise BadEvent(index, path.strip("`.").partition("[")[0], what) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadEvent(index, "", "not valid JSON") from error
    for field, problem in _problems(event, now):
        raise BadEvent(index, field, problem)
    return event


def _problems(event: ServerEvent, now: int) -> list[tuple[str, str]]:
    """(field, what is wrong with it)."""
    page = parse_address(event.url) if event.url else None
    usable = bounded_value(event.value, event.currency or "")[2]
    currency = bounded_value(None, event.currency or "")[1]
    checks = (
        ("time", _time_problem(event.time, now)),
        ("visitor", _too_long(event.visitor, VISITOR_LENGTH)),
        ("name", _too_long(event.name, NAME_LENGTH)),
        ("name", "is blank" if event.name is not None and not event.name.strip() else ""),
        (
            "url",
            "is not an http(s) address"
            if event.url and (page is None or page.scheme not in ("http", "https"))
            else "",
        ),
        ("currency", "is not a currency" if event.currency and not currency else ""),
        ("value", "is not an amount" if not usable else ""),
        ("ip", "is not an IP address" if event.ip and parse_ip(event.ip) is None else ""),
        ("id", _too_long(event.id, ID_LENGTH)),
    )
    return [(field, problem) for field, problem in checks if problem]


def _time_problem(time: datetime | None, now: int) -> str:
    if time is None or now - LONGEST <= to_ms(time) <= now + AHEAD:
        return ""
    if to_ms(time) > now:
        return f"{time.isoformat()} lies in the future"
    return f"{time.isoformat()} lies more than 30 days back (use: tracker events import)"


def _only_code(event: ServerEvent) -> bool:
    """Whether a visit code alone says whose the event is."""
    visitor = "" if event.visitor is None else str(event.visitor).strip()
    return not visitor and bool((event.code or "").strip())


def _too_long(value: str | int | None, limit: int) -> str:
    if value is None or len(str(value)) <= limit:
        return ""
    return f"is longer than {limit} characters"


def _beacon(event: ServerEvent, site: Site) -> Beacon:
    return Beacon(
        site=site.key,
        event_id=_event_id(event, site),
        name=event.name or "pageview",
        occurred=None if event.time is None else to_ms(event.time),
        # An id may come again; a repetition is looked up among the events of the days around it.
        attempt=1 if event.id is None else 2,
        visitor=None if event.visitor is None else str(event.visitor),
        url=event.url or "",
        referrer=event.referrer,
        title=event.title,
        language=event.language,
        props=event.props,
        value=event.value,
        currency=event.currency,
        code=event.code,
    )


def _event_id(event: ServerEvent, site: Site) -> str:
    text = "" if event.id is None else str(event.id).strip()
    if not text:
        return secrets.token_hex(16)
    return event_uuid(text) or fixed("api", site.key, text)


def _request(event: ServerEvent, now: int) -> Request:
    return Request(
        received=now,
        origin="api",
        ip=(event.ip or "").strip(),
        user_agent=(event.user_agent or "").strip(),
        trusted=True,
    )
