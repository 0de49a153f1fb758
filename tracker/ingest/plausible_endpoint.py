"""``POST /api/event``: Plausible's clients report here after a change of one address.

Answers as theirs: 202 ``ok`` once the event is on disk; 202 with ``x-plausible-dropped: 1`` for
what was not counted, beside our own ``x-tracker-dropped`` with the reason; 400 with
``{"errors": {field: [message]}}``. Too large, too busy and no room are answered as at ``/e``.

Their clients send neither a visitor nor an event id. The visitor is the keyed hash of a day; the
event id is that of the request (see ``request_ids``), where an ``Idempotency-Key`` header, if there
is one, says that it is the same event or another one. Address and user agent come from the request;
a server that reports for its visitors sends ``Authorization: Bearer`` with a token that may write
to the site, and is then believed the first address of its ``X-Forwarded-For``.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from anyio import to_thread

from tracker.accounts.sites import Site
from tracker.errors import AccessDenied, TrackerError
from tracker.ingest.address import parse_ip
from tracker.ingest.columns import Batch
from tracker.ingest.directory import Directory
from tracker.ingest.draft import Environment, Request
from tracker.ingest.endpoint import (
    Gone,
    Headers,
    IngestDeps,
    Receive,
    Scope,
    Send,
    accepted_headers,
    answer,
    answer_error,
    header_text,
    pick_headers,
    read_body,
    request_of,
)
from tracker.ingest.plausible import BadField, PlausibleEvent, parse_event
from tracker.ingest.reasons import Reason
from tracker.ingest.request_ids import RequestIds, fixed
from tracker.ingest.steps import process

_PREFLIGHT: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, authorization, idempotency-key"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]
_OK = b"ok"
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Extra:
    """Headers that only this entrance reads, as they came."""

    authorization: str = ""
    idempotency_key: str = ""
    forwarded: str = ""


class PlausibleEndpoint:
    """One event in the form of the Plausible Events API."""

    def __init__(self, deps: IngestDeps, env: Environment, directory: Directory) -> None:
        self._deps = deps
        self._env = env
        self._directory = directory
        self._ids = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every failure has an answer of its own."""
        if scope["method"] == "OPTIONS":
            await answer(send, 204, _PREFLIGHT)
            return
        headers = pick_headers(scope)
        try:
            body = await read_body(headers, receive)
            dropped = await self._take(scope, headers, body)
        except Gone:
            return
        except BadField as error:
            self._deps.counters.add(f"refused.{error.code}")
            await _refuse(send, error)
        except TrackerError as error:
            self._deps.counters.add(f"refused.{error.code}")
            await answer_error(send, error)
        else:
            await answer(send, 202, _headers(dropped), _OK)

    async def _take(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> list[Reason]:
        event = parse_event(body)
        extra = _extra(scope, headers)
        request = request_of(scope, headers, self._deps, "plausible")
        sites, unknown = await to_thread.run_sync(self._sites, event, extra)
        if extra.authorization:
            request = _believed(request, extra)
        batch = Batch()
        dropped: list[Reason] = []
        for site in sites:
            event_id = self._event_id(site, request, extra, body)
            beacon = event.beacon(site.key, site.domains[0], event_id)
            dropped += process([beacon], request, self._env, batch)
        if unknown:
            self._deps.counters.drop(Reason.UNKNOWN_SITE, unknown)
            dropped += [Reason.UNKNOWN_SITE] * unknown
        await self._deps.spool.append(batch)
        self._deps.counters.add("requests")
        self._deps.counters.add("events", len(batch.events))
        return dropped

    def _sites(self, event: PlausibleEvent, extra: Extra) -> tuple[list[Site], int]:
        """The sites named, and how many names are nobody's.

        AccessDenied where a token is sent that may not write to one of the sites.
        """
        named = [self._directory.by_name(name) for name in event.domains]
        sites = list({site.key: site for site in named if site is not None}.values())
        if extra.authorization:
            scheme, _, secret = extra.authorization.partition(" ")
            for site in sites:
                bearer = scheme.lower() == "bearer"
                if not bearer or not self._directory.may_write(secret.strip(), site):
                    raise AccessDenied(
                        "The Authorization header names no token that may write to the site.",
                        hint="Make one with: tracker token add --scope write; or leave it out.",
                        status=401,
                    )
        return sites, named.count(None)

    def _event_id(self, site: Site, request: Request, extra: Extra, body: bytes) -> str:
        if extra.idempotency_key:
            return fixed("plausible", site.key, extra.idempotency_key)
        client = (request.ip, request.user_agent, extra.forwarded, extra.authorization)
        return self._ids.windowed(request.received, "plausible", site.key, *client, body)


def _extra(scope: Scope, headers: dict[bytes, bytes]) -> Extra:
    found = {name: value for name, value in scope["headers"] if name in _NAMES}
    return Extra(
        authorization=header_text(found.get(b"authorization", b"")).strip(),
        idempotency_key=header_text(found.get(b"idempotency-key", b"")).strip(),
        forwarded=header_text(headers.get(b"x-forwarded-for", b"")),
    )


_NAMES = (b"authorization", b"idempotency-key")


def _believed(request: Request, extra: Extra) -> Request:
    """The request of a server with a token: the visitor's address is the first one forwarded."""
    first = parse_ip(extra.forwarded.partition(",")[0])
    return msgspec.structs.replace(request, ip=str(first) if first else request.ip, trusted=True)


def _headers(dropped: list[Reason]) -> Headers:
    plain: Headers = [h for h in accepted_headers(dropped) if h[0] != b"content-length"]
    if not dropped:
        plain = plain[:1]
    else:
        plain += [(b"x-plausible-dropped", b"1")]
    return [*plain, _TEXT, (b"content-length", str(len(_OK)).encode())]


async def _refuse(send: Send, error: BadField) -> None:
    body = msgspec.json.encode({"errors": {error.field: [error.text]}})
    headers: Headers = [
        (b"access-control-allow-origin", b"*"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await answer(send, 400, headers, body)
