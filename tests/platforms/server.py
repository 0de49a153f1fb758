"""A simulator as a real HTTP server on loopback, with the faults of platforms and networks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.platforms.scenario import Scenario, small
from tests.serving import serving

#: Faults of any server. ``limit`` and ``expired`` are shaped by the platform. Those of
#: ``PASSING`` go away by themselves.
PASSING = (
    "limit", "expired", "500", "502", "503", "half", "nothing", "html", "empty", "cut", "stall",
)  # fmt: skip
WRONG = ("wrong", "list", "deep", "nan")
HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
STALL_SECONDS = 1.0
#: Where platforms lead back to.
CALLBACK = "https://tracker.example/connections/callback"


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Simulator:
    """Answers like a platform. ``faults`` are used up one a request, in order; ``token_faults``
    likewise at the token endpoint. ``now`` is the time of the world."""

    scenario: Scenario = field(default_factory=small)
    faults: deque[str] = field(default_factory=deque)
    token_faults: deque[str] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    refresh_token: str = "refresh-secret-0000"
    previous: str = ""
    renewed: int = 0
    limit_delay: int = 7
    now: datetime = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)

    token_path: str = "/token"
    #: What the page for authorising gave out last, and the challenge that it was asked with.
    code: str = ""
    challenge: str = ""

    def coded(self, form: Mapping[str, Any]) -> bool:
        """Whether a code is exchanged as RFC 6749 and 7636 have it; a code works once."""
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        given = (
            form["code"],
            form["redirect_uri"],
            form["client_id"],
            form["client_secret"],
            proof,
        )
        good = given == (self.code, CALLBACK, "app", "app-secret-77", self.challenge)
        self.code = ""
        return good

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        """The answer when all is well."""
        raise NotImplementedError

    def refusal(self, kind: str) -> Response:
        """The platform's own way of saying ``limit`` (too many requests) or ``expired``."""
        raise NotImplementedError

    async def token(self, body: bytes) -> Response:
        """The answer of the token endpoint."""
        raise NotImplementedError

    def rotate(self, given: str) -> bool:
        """Take a refresh token and set a new one; whether it was good. The old one dies when the
        new one's access token is used: an answer that got lost can be had again."""
        if given not in (self.refresh_token, self.previous):
            return False
        self.previous = self.refresh_token
        self.refresh_token = f"refresh-secret-{self.renewed + 1:04}"
        return True

    def new_token(self) -> str:
        """An access token that is good from now on."""
        self.renewed += 1
        token = f"access-secret-{self.renewed:04}"
        self.tokens.add(token)
        return token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, with the fault that is due."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        self.seen.append(Seen(request.method, request.url.path, dict(request.headers), body))
        at_token = request.url.path == self.token_path
        faults = self.token_faults if at_token else self.faults
        fault = faults.popleft() if faults else ""
        if fault in ("half", "cut", "nothing"):
            await _torn(await self._good(request, body), fault, send)
            return
        answer = await self._faulty(fault) or await self._good(request, body)
        await answer(scope, receive, send)

    async def _good(self, request: Request, body: bytes) -> Response:
        if request.url.path == self.token_path:
            return await self.token(body)
        self.previous = ""
        return await self.answer(request.url.path, request.headers, body)

    async def _faulty(self, fault: str) -> Response | None:
        if fault == "stall":
            await asyncio.sleep(STALL_SECONDS)
        if fault == "expired":
            self.tokens.clear()
        if fault in ("limit", "expired"):
            return self.refusal(fault)
        if fault.isdigit():
            headers = {"Retry-After": "3"} if fault == "503" else {}
            return Response(HTML, int(fault), headers)
        wrong = {
            "html": HTML,
            "empty": b"",
            "wrong": b'{"results": 5, "header": [], "body": "x", "keywordList": 3, "error": 7}',
            "list": b'[{"results": [{"metrics": {"costMicros": "12x"}}]}]',
            "deep": b"[" * 100_000,
            "nan": b"[NaN]",
            "huge": b" " * (3 << 20),
        }
        return Response(wrong[fault], media_type="application/json") if fault in wrong else None


async def _torn(answer: Response, fault: str, send: Send) -> None:
    """``half`` and ``nothing`` break the connection, ``cut`` lies about where the end is."""
    body = bytes(answer.body)
    sent = body[: len(body) // 2] if fault != "nothing" else b""
    length = len(body) + 10 if fault != "cut" else len(sent)
    headers = [(name, value) for name, value in answer.raw_headers if name != b"content-length"]
    headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": sent, "more_body": fault != "cut"})


@contextmanager
def serve(simulator: Simulator) -> Iterator[str]:
    """The simulator's base URL, for as long as the block lasts."""
    with serving(simulator, lifespan="off", timeout_graceful_shutdown=1, ws="none") as url:
        yield url
