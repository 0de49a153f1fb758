"""``POST /e`` and ``GET /p.gif``: the public door of ingest, and the only part that speaks ASGI.

Answers of ``/e``: 202 once the events are on disk, and for events that were dropped too, with
``x-tracker-dropped`` naming the reasons; 400 for a body without an event, 413 for one that is too
large, 415 for an unknown encoding, 429 and 503 with Retry-After. Errors have one JSON shape,
``{"error": {"code", "message", "hint"}}``. Nothing in a body sets address, user agent or absolute
time. A request is *simple* in the sense of CORS. Any page may read the answer, with credentials
too: it holds nothing about anybody (see ``cookie.py`` for the one cookie there is).

NOTE: written to the ASGI interface rather than to Request and Response, which cost as much as
everything that happens to an event here.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Route

from tracker.accounts.clock import Clock, now_ms
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput, TooLarge, TrackerError, Unavailable
from tracker.ingest.address import Network, client_address, parse_networks
from tracker.ingest.columns import Batch
from tracker.ingest.cookie import CookieRequest, cookie_header, remembered
from tracker.ingest.draft import Environment, Request, SiteSource, Suppression
from tracker.ingest.enrich import Enricher
from tracker.ingest.identity import SaltSource, Visitors
from tracker.ingest.payload import BODY_BYTES, Beacon, checked, parse_body
from tracker.ingest.reasons import Counters, Reason
from tracker.ingest.sightings import Sightings
from tracker.ingest.spool import Spool
from tracker.ingest.steps import process

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

#: Loopback: a proxy on the same machine.
LOCAL = parse_networks(("127.0.0.0/8", "::1"), "trusted_proxies")
#: Longest query string of the pixel that is read.
QUERY_BYTES = 8_192
#: A transparent pixel of 1 by 1.
GIF = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
_CORS = (b"access-control-allow-origin", b"*")
_EXPOSE = (b"access-control-expose-headers", b"x-tracker-dropped")
_EMPTY = (b"content-length", b"0")
_ACCEPTED: Headers = [_CORS, _EMPTY]
_JSON = (b"content-type", b"application/json")
_PREFLIGHT: Headers = [
    _CORS,
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, content-encoding"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]
_WANTED = frozenset(
    (
        b"user-agent",
        b"x-forwarded-for",
        b"origin",
        b"content-encoding",
        b"content-length",
        b"sec-gpc",
        b"dnt",
        b"referer",
    )
)


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """``trusted_proxies``: networks whose ``X-Forwarded-For`` is believed."""

    trusted_proxies: tuple[Network, ...] = LOCAL


@dataclass(frozen=True, slots=True)
class IngestDeps:
    """What the endpoint works with; made where the parts are wired."""

    site_cache: SiteSource
    spool: Spool
    enricher: Enricher
    salts: SaltSource
    clock: Clock
    settings: IngestSettings = field(default_factory=IngestSettings)
    counters: Counters = field(default_factory=Counters)
    suppressed: Suppression | None = None

    def environment(self) -> Environment:
        """The look-ups of the steps, with memories of their own."""
        visitors = Visitors(self.salts, self.clock)
        env = Environment(self.site_cache, self.enricher, visitors, Sightings(), self.counters)
        if self.suppressed is not None:
            env.suppressed = self.suppressed
        return env


def routes(deps: IngestDeps, env: Environment | None = None) -> list[Route]:
    """The beacon's routes. Takes about a second, once, to build the agent patterns.

    ``env`` is given where other entrances share its memories, such as the rates of addresses.
    """
    deps.enricher.warm()
    env = env or deps.environment()
    return [
        Route("/e", EventEndpoint(deps, env), methods=["POST", "OPTIONS"]),
        Route("/p.gif", PixelEndpoint(deps, env), methods=["GET"]),
    ]


class Gone(Exception):
    """The client went away before its body was complete."""


class EventEndpoint:
    """``POST /e``: one event or an array of them."""

    def __init__(self, deps: IngestDeps, env: Environment) -> None:
        self._deps = deps
        self._env = env

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every failure has an answer of its own."""
        if scope["method"] == "OPTIONS":
            await answer(send, 204, _PREFLIGHT)
            return
        headers = pick_headers(scope)
        cors = cors_headers(headers.get(b"origin", b""))
        try:
            body = await read_body(headers, receive)
            extra = await self._take(scope, headers, body)
        except Gone:
            return
        except TrackerError as error:
            self._deps.counters.add(f"refused.{error.code}")
            await answer_error(send, error, cors)
            return
        except SQLAlchemyError as error:
            log.warning("metadata store away", error=type(error).__name__)
            self._deps.counters.add("refused.metadata")
            await answer_error(send, Unavailable("The event cannot be taken now."), cors)
            return
        await answer(send, 202, [*cors, _EMPTY, *extra])

    async def _take(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Headers:
        """Keep the events of a body; the headers of the answer that follow from them."""
        deps = self._deps
        beacons, problems = parse_body(body)
        batch = Batch()
        request = request_of(scope, headers, deps, "beacon")
        site = self._env.site(beacons[0].site)
        cookie = None
        if site is not None and site.settings.http_cookie and _of_one_site(beacons):
            cookie = _cookie_request(scope, site)
        visitor = ""
        if cookie is not None:
            beacons, visitor = remembered(beacons, cookie)
        dropped = process(beacons, request, self._env, batch)
        if problems:
            deps.counters.drop(Reason.MALFORMED, len(problems))
            dropped += [Reason.MALFORMED] * len(problems)
        await deps.spool.append(batch)
        deps.counters.taken(len(batch.events))
        extra = accepted_headers(dropped)[2:] if dropped else []
        if cookie is not None and (
            line := cookie_header(cookie, visitor, dropped, stored=bool(batch.events))
        ):
            extra.append((b"set-cookie", line.encode()))
        return extra


def _of_one_site(beacons: list[Beacon]) -> bool:
    return all(beacon.site == beacons[0].site for beacon in beacons)


def _cookie_request(scope: Scope, site: Site) -> CookieRequest | None:
    """What concerns the visitor's cookie; None where this request may not have one."""
    found = {name: value for name, value in scope["headers"] if name in _OF_COOKIE}
    texts = (found.get(name, b"").decode("latin-1") for name in (b"host", b"origin", b"cookie"))
    request = CookieRequest(*texts)
    return request if request.may_set(site) else None


_OF_COOKIE = frozenset((b"host", b"origin", b"cookie"))


class PixelEndpoint:
    """``GET /p.gif?s=KEY``: a page view without script; the page is the Referer.

    The answer is an image whatever happens, because a broken one would show on the page.
    """

    def __init__(self, deps: IngestDeps, env: Environment) -> None:
        self._deps = deps
        self._env = env

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Count the view and answer with the image."""
        headers = pick_headers(scope)
        extra: Headers = []
        try:
            dropped = await self._take(scope, headers)
            extra = accepted_headers(dropped)[2:] if dropped else []
        except TrackerError as error:
            self._deps.counters.add(f"refused.{error.code}")
            extra = [(b"x-tracker-dropped", error.code.encode())]
        except SQLAlchemyError:
            self._deps.counters.add("refused.metadata")
            extra = [(b"x-tracker-dropped", b"unavailable")]
        image: Headers = [
            (b"content-type", b"image/gif"),
            (b"content-length", str(len(GIF)).encode()),
            (b"cache-control", b"no-store"),
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]
        await answer(send, 200, image + extra, GIF)

    async def _take(self, scope: Scope, headers: dict[bytes, bytes]) -> list[Reason]:
        query = dict(parse_qsl(scope["query_string"][:QUERY_BYTES].decode("latin-1")))
        beacon = checked(
            Beacon(
                site=query.get("s", ""),
                event_id=secrets.token_hex(16),
                name=query.get("n") or "pageview",
                url=query.get("l") or header_text(headers.get(b"referer", b"")),
                referrer=query.get("r", ""),
                title=query.get("d", ""),
            )
        )
        batch = Batch()
        request = request_of(scope, headers, self._deps, "pixel")
        dropped = process([beacon], request, self._env, batch)
        await self._deps.spool.append(batch)
        self._deps.counters.add("events", len(batch.events))
        return dropped


def pick_headers(scope: Scope) -> dict[bytes, bytes]:
    """The headers ingest reads; of a repeated X-Forwarded-For all, in order."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _WANTED:
            repeated = name == b"x-forwarded-for" and name in found
            found[name] = found[name] + b"," + value if repeated else value
    return found


def request_of(scope: Scope, headers: dict[bytes, bytes], deps: IngestDeps, origin: str) -> Request:
    """What is known of a request beside its body; ``origin`` names the entrance."""
    client = scope.get("client")
    forwarded = headers.get(b"x-forwarded-for", b"")
    page_origin = header_text(headers.get(b"origin", b"")).lower()
    return Request(
        received=now_ms(deps.clock),
        origin=origin,
        ip=client_address(
            client[0] if client else "", header_text(forwarded), deps.settings.trusted_proxies
        ),
        user_agent=header_text(headers.get(b"user-agent", b"")).strip(),
        origin_host="" if page_origin == "null" else page_origin,
        privacy_signal=headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1",
    )


@lru_cache(maxsize=4_096)
def header_text(value: bytes) -> str:
    """A header as text: UTF-8 where it is that, Latin-1 otherwise, without NUL."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text.replace("\x00", "")


async def read_body(
    headers: dict[bytes, bytes], receive: Receive, limit: int = BODY_BYTES
) -> bytes:
    """The whole body, unpacked, in at most ``limit`` bytes; TooLarge, InvalidInput or Gone."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise _too_large(limit)
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity"):
        return body
    if encoding != b"gzip":
        raise UnknownEncoding(
            "The body's Content-Encoding is not known.", hint="Send it as gzip or as it is."
        )
    return _unpacked(body, limit)


class UnknownEncoding(InvalidInput):
    """A Content-Encoding that is not gzip."""

    code = "unknown_encoding"
    status = 415


def _unpacked(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise InvalidInput("The body is not valid gzip.") from error
    if len(data) > limit:
        raise _too_large(limit)
    if not unpacker.eof:
        raise InvalidInput("The gzip body is cut off.")
    return data


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than {limit} bytes.", hint="Send fewer events in a request."
    )


def accepted_headers(dropped: Iterable[Reason]) -> Headers:
    """The headers of an answer to events of which some were dropped."""
    reasons = ",".join(dict.fromkeys(reason.value for reason in dropped))
    return [*_ACCEPTED, (b"x-tracker-dropped", reasons.encode()), _EXPOSE]


@lru_cache(maxsize=4_096)
def cors_headers(origin: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Who may read the answer: the origin that asks, because ``*`` would not do for a request with
    credentials, whose answer the page then could not read."""
    if not origin:
        return (_CORS,)
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    )


async def answer_error(
    send: Send, error: TrackerError, cors: Iterable[tuple[bytes, bytes]] = (_CORS,)
) -> None:
    """The answer to a request that is refused, in the one JSON shape of errors."""
    content = {"code": error.code, "message": error.message, "hint": error.hint}
    body = msgspec.json.encode({"error": content})
    headers: Headers = [*cors, _JSON, (b"content-length", str(len(body)).encode())]
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
        # Without this a browser hides it from the page, and the beacon comes back too early.
        headers.append((b"access-control-expose-headers", b"retry-after"))
    await answer(send, error.status, headers, body)


async def answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
