"""``/matomo.php`` and ``/piwik.php``: the Matomo Tracking HTTP API for scripts and server SDKs.

Taken: GET, POST of a form, and bulk (POST of ``{"requests": [query, …], "token_auth": …}`` with
at most ``BULK_REQUESTS``). Answered, once the events are on disk: a transparent GIF, 204 where
``send_image=0`` asks for it, and to bulk ``{"status", "tracked", "invalid", "invalid_indices"}``,
in which dropped events count as tracked. A request that cannot be used (no ``rec=1``, an unknown
site, a time too far back …) is refused with 400 and one JSON error; in bulk it is left out alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
from anyio import to_thread

from tracker.errors import InvalidInput, TrackerError
from tracker.ingest.columns import Batch
from tracker.ingest.directory import Directory
from tracker.ingest.draft import Environment
from tracker.ingest.endpoint import (
    GIF,
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
from tracker.ingest.image import IMAGE, query_pairs
from tracker.ingest.matomo_events import MatomoEvents, Sender
from tracker.ingest.reasons import Reason
from tracker.ingest.steps import process

#: Most requests of one bulk request, and its largest body in bytes.
BULK_REQUESTS = 1_000
BULK_BYTES = 1024 * 1024
#: Requests of a bulk after which others have their turn.
BREATH = 50
_BULK = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many requests were taken, which were not, and what was dropped of those taken."""

    tracked: int
    problems: dict[int, InvalidInput]
    dropped: list[Reason]


class MatomoEndpoint:
    """Single and bulk requests of the Matomo Tracking HTTP API."""

    def __init__(self, deps: IngestDeps, env: Environment, directory: Directory) -> None:
        self._deps = deps
        self._env = env
        self._events = MatomoEvents(directory)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every failure has an answer of its own."""
        origin = _allow_origin(scope)
        if scope["method"] == "OPTIONS":
            await answer(send, 204, [*origin, *_PREFLIGHT])
            return
        headers = pick_headers(scope)
        try:
            body = await read_body(headers, receive, BULK_BYTES)
            given = query_pairs(scope["query_string"])
            bulk = body.lstrip()[:1] == b"{"
            requests, token = _bulk(body) if bulk else ([dict(given + query_pairs(body))], "")
            sender = self._sender(scope, headers, token or dict(given).get("token_auth", ""))
            outcome = await self._take(requests, sender)
        except Gone:
            return
        except TrackerError as error:
            self._deps.counters.add(f"refused.{error.code}")
            await answer_error(send, error)
            return
        await _respond(send, origin, outcome, requests, bulk=bulk)

    def _sender(self, scope: Scope, headers: dict[bytes, bytes], token: str) -> Sender:
        bearer = header_text(dict(scope["headers"]).get(b"authorization", b""))
        scheme, _, secret = bearer.partition(" ")
        request = request_of(scope, headers, self._deps, "matomo")
        referrer = header_text(headers.get(b"referer", b""))
        return Sender(request, token or (secret if scheme.lower() == "bearer" else ""), referrer)

    async def _take(self, requests: list[dict[str, str]], sender: Sender) -> Outcome:
        prepared, problems = await to_thread.run_sync(self._events.prepare, requests, sender)
        batch = Batch()
        dropped: list[Reason] = []
        for number, one in enumerate(prepared, start=1):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            dropped += process(one.beacons, one.request, self._env, batch)
        await self._deps.spool.append(batch)
        self._events.stored(prepared)
        counters = self._deps.counters
        counters.add("requests")
        counters.add("events", len(batch.events))
        if problems:
            counters.add("refused.invalid", len(problems))
        return Outcome(len(prepared), problems, dropped)


_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type, authorization"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]


def _bulk(body: bytes) -> tuple[list[dict[str, str]], str]:
    """The requests of a bulk body and its token; InvalidInput."""
    try:
        fields = _BULK.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("The body is not a JSON object.") from error
    requests, token = fields.get("requests"), fields.get("token_auth")
    if not isinstance(requests, list) or not 0 < len(requests) <= BULK_REQUESTS:
        raise InvalidInput(
            f"A bulk request has `requests`, a list of 1 to {BULK_REQUESTS} query strings.",
            hint="Send the others in further requests.",
        )
    return [_params(one) for one in requests], token if isinstance(token, str) else ""


def _params(given: object) -> dict[str, str]:
    """The parameters of one request of a bulk: a query string, or an object of them."""
    if isinstance(given, str):
        try:
            return dict(query_pairs(given.strip().lstrip("?").encode()))
        except InvalidInput:
            return {}
    if isinstance(given, dict):
        return {
            name: text if isinstance(text, str) else msgspec.json.encode(text).decode()
            for name, text in given.items()
            if text is not None
        }
    return {}


def _allow_origin(scope: Scope) -> Headers:
    """Their script sends with credentials, for which browsers want their own origin named."""
    origin = dict(scope["headers"]).get(b"origin")
    if not origin:
        return [(b"access-control-allow-origin", b"*")]
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def _respond(
    send: Send, origin: Headers, outcome: Outcome, requests: list[dict[str, str]], *, bulk: bool
) -> None:
    reasons = [h for h in accepted_headers(outcome.dropped) if h[0] == b"x-tracker-dropped"]
    headers = [*origin, *(reasons if outcome.dropped else []), (b"cache-control", b"no-store")]
    if bulk:
        body = msgspec.json.encode(
            {
                "status": "success" if outcome.tracked else "error",
                "tracked": outcome.tracked,
                "invalid": len(outcome.problems),
                "invalid_indices": list(outcome.problems),
            }
        )
        status = 200 if outcome.tracked else 400
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await answer(send, status, headers, body)
    elif outcome.problems:
        await answer_error(send, outcome.problems[0])
    elif requests[0].get("send_image") == "0":
        await answer(send, 204, headers)
    else:
        image = [pair for pair in IMAGE if pair[0] != b"cache-control"]
        await answer(send, 200, [*headers, *image], GIF)
