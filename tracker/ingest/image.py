"""``GET /e?d=JSON``: the beacon's last resort, where a page's policy allows images only.

``d`` is what ``POST /e`` takes as its body. The answer is an image with 200 once the events are on
disk, and for dropped ones too; any other outcome has the status of ``POST /e`` and no image, which
is how an image element tells the beacon that it has to send again.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from tracker.errors import InvalidInput, TooLarge, TrackerError
from tracker.ingest.columns import Batch
from tracker.ingest.draft import Environment
from tracker.ingest.endpoint import (
    GIF,
    Headers,
    IngestDeps,
    Receive,
    Scope,
    Send,
    accepted_headers,
    answer,
    answer_error,
    pick_headers,
    request_of,
)
from tracker.ingest.payload import BODY_BYTES, parse_body
from tracker.ingest.reasons import Reason
from tracker.ingest.steps import process

#: Longest query string, in bytes: the body's limit with every byte percent-encoded.
QUERY_BYTES = BODY_BYTES * 3
#: Most parameters of a query string.
PARAMETERS = 1_000
IMAGE: Headers = [
    (b"content-type", b"image/gif"),
    (b"content-length", str(len(GIF)).encode()),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]


class ImageEndpoint:
    """Events in the address of an image."""

    def __init__(self, deps: IngestDeps, env: Environment) -> None:
        self._deps = deps
        self._env = env

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer one request; every failure has an answer of its own."""
        try:
            dropped = await self._take(scope)
        except TrackerError as error:
            self._deps.counters.add(f"refused.{error.code}")
            await answer_error(send, error)
            return
        reasons = [h for h in accepted_headers(dropped) if h[0] != b"content-length"]
        await answer(send, 200, IMAGE + (reasons if dropped else reasons[:1]), GIF)

    async def _take(self, scope: Scope) -> list[Reason]:
        deps = self._deps
        beacons, problems = parse_body(_data(scope["query_string"]))
        batch = Batch()
        request = request_of(scope, pick_headers(scope), deps, "beacon")
        dropped = process(beacons, request, self._env, batch)
        if problems:
            deps.counters.drop(Reason.MALFORMED, len(problems))
            dropped += [Reason.MALFORMED] * len(problems)
        await deps.spool.append(batch)
        deps.counters.add("requests")
        deps.counters.add("events", len(batch.events))
        return dropped


def query_pairs(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string or form, decoded as UTF-8; TooLarge, InvalidInput."""
    if len(query) > QUERY_BYTES:
        raise TooLarge(f"The address is longer than {QUERY_BYTES} bytes.")
    try:
        return parse_qsl(
            query.decode("utf-8", errors="replace"),
            keep_blank_values=True,
            max_num_fields=PARAMETERS,
        )
    except ValueError as error:
        raise InvalidInput(f"The address has more than {PARAMETERS} parameters.") from error


def _data(query: bytes) -> bytes:
    data = dict(query_pairs(query)).get("d", "")
    if not data:
        raise InvalidInput(
            "The parameter `d` is missing.", hint="It is the JSON that POST /e takes as its body."
        )
    return data.encode()
