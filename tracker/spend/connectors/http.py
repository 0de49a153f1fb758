"""The wire: one request to a platform, repeated while repeating can help, bounded in every way.

A request is made anew for each attempt (its token may have changed), answered, and *judged* by
the platform's rules. What passes by itself (429, 5xx, time-outs, broken streams) is tried again
after the delay that the platform asked for, else after a growing one. A delay too long to sit
out, or too many of them, end as Transient: the schedule comes back later. Nothing but Transient,
Terminal and Unauthorised leaves here.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from tracker.accounts.clock import Clock, utc_now
from tracker.spend.connectors.failures import Terminal, Transient, Unauthorised
from tracker.spend.connectors.held import Held
from tracker.spend.connectors.progress import Tally

MEBIBYTE = 1 << 20
#: So much of a refused answer is read to learn why.
ERROR_BYTES = MEBIBYTE
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a pull waits by itself. Seconds.

    ``attempts`` of one request; waits double from ``first_wait`` up to ``longest_wait``; a
    platform that asks for more than ``longest_wait`` is left to the schedule. ``all_waits``
    bounds the waits of one request together. ``answer`` bounds one answer from first byte to
    last, ``silence`` the time between two pieces of it, ``report`` the wait for a queued report.
    """

    attempts: int = 6
    first_wait: float = 2.0
    longest_wait: float = 300.0
    all_waits: float = 1200.0
    silence: float = 60.0
    answer: float = 900.0
    report: float = 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes: of an answer kept in memory, and of one held on disk."""

    answer: int = 64 * MEBIBYTE
    held: int = 4096 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; ``body`` is empty where it went to a ``Held``."""

    status: int
    headers: httpx.Headers
    body: bytes


Make = Callable[[], Awaitable[httpx.Request]]
#: Raises what the answer amounts to, or returns if it can be used.
Judge = Callable[[Answer], None]


@dataclass(slots=True)
class Wire:
    """The HTTP of one pull. ``platform`` is its name for people."""

    platform: str
    client: httpx.AsyncClient
    clock: Clock = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    tally: Tally = field(default_factory=Tally)
    scratch: Path | None = None
    #: Seconds between the beginnings of two requests, for platforms with a rate limit.
    spacing: float = 0.0
    #: What must not be in any message.
    secrets: set[str] = field(default_factory=set)
    _latest: datetime | None = None

    def __post_init__(self) -> None:
        hide_queries_in_logs()

    async def call(
        self, make: Make, judge: Judge, *, into: Held | None = None, once: bool = False
    ) -> Answer:
        """The answer of a request. A usable one (status 2xx) goes into ``into`` if given; with
        ``once`` it is never repeated."""
        retrying = AsyncRetrying(
            sleep=self._wait,
            wait=self._delay,
            stop=stop_after_attempt(1) if once else self._enough,
            retry=retry_if_exception_type(Transient),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if attempt.retry_state.attempt_number > 1:
                    self.tally.add(repeats=1)
                answer = await self._attempt(make, into)
                self._judge(judge, answer)
        return answer

    async def wait(self, seconds: float) -> None:
        """Wait where the platform says that it works on it."""
        await self._wait(seconds)

    def _judge(self, judge: Judge, answer: Answer) -> None:
        """Judge, and take secrets out of what is raised: platforms repeat what they were sent."""
        try:
            judge(answer)
        except (Terminal, Transient, Unauthorised) as error:
            failure = error.failure if isinstance(error, Unauthorised) else error
            for secret in self.secrets:
                failure.message = failure.message.replace(secret, "…")
            failure.args = (failure.message,)
            raise

    async def _attempt(self, make: Make, into: Held | None) -> Answer:
        request = await make()
        await self._space()
        self.tally.add(requests=1)
        try:
            async with asyncio.timeout(self.patience.answer):
                return await self._answer(request, into)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Transient(f"{self.platform} did not answer in time.") from error
        except httpx.ConnectError as error:
            raise Transient(f"{self.platform} cannot be reached.") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise Transient(
                f"The connection to {self.platform} broke off ({type(error).__name__})."
            ) from None

    async def _answer(self, request: httpx.Request, into: Held | None) -> Answer:
        request.extensions["timeout"] = httpx.Timeout(self.patience.silence).as_dict()
        answer = await self.client.send(request, stream=True, follow_redirects=False)
        try:
            if into is None or not answer.is_success:
                bound = self.limits.answer if answer.is_success else ERROR_BYTES
                body = await self._read(answer, bound)
                return Answer(answer.status_code, answer.headers, body)
            into.clear()
            await self._hold(answer, into)
            return Answer(answer.status_code, answer.headers, b"")
        finally:
            await answer.aclose()

    async def _read(self, answer: httpx.Response, bound: int) -> bytes:
        parts = bytearray()
        async for part in answer.aiter_bytes():
            self.tally.add(received=len(part))
            parts += part
            if len(parts) > bound:
                if not answer.is_success:
                    break
                raise Transient(
                    f"{self.platform} sent an answer of more than {bound // MEBIBYTE} MiB."
                )
        return bytes(parts[:bound])

    async def _hold(self, answer: httpx.Response, into: Held) -> None:
        size = 0
        async for part in answer.aiter_bytes():
            size += len(part)
            self.tally.add(received=len(part))
            if size > self.limits.held:
                raise Transient(
                    f"{self.platform} sent a report of more than "
                    f"{self.limits.held // MEBIBYTE} MiB; ask for fewer days."
                )
            into.file.write(part)

    async def _space(self) -> None:
        if self.spacing and self._latest is not None:
            passed = (self.clock() - self._latest).total_seconds()
            if 0 <= passed < self.spacing:
                await self.sleep(self.spacing - passed)
        self._latest = self.clock()

    async def _wait(self, seconds: float) -> None:
        self.tally.add(waited=seconds)
        await self.sleep(seconds)

    def _delay(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Transient) and error.delay is not None:
            return error.delay
        first = error.grow_from if isinstance(error, Transient) else None
        grown = (first or self.patience.first_wait) * 2.0 ** (state.attempt_number - 1)
        return min(grown, self.patience.longest_wait) * (1 + self.jitter() / 4)

    def _enough(self, state: RetryCallState) -> bool:
        patience = self.patience
        return (
            state.attempt_number >= patience.attempts
            or state.upcoming_sleep > patience.longest_wait * 1.25
            or state.idle_for + state.upcoming_sleep > patience.all_waits
        )


def refuse_passing(platform: str, answer: Answer, now: datetime) -> None:
    """Transient for a status that passes by itself; other statuses are the caller's."""
    if answer.status not in TRANSIENT_STATUSES and answer.status < 500:
        return
    delay = retry_after(answer.headers, now)
    if answer.status == 429:
        raise Transient(f"{platform} asks for fewer requests (HTTP 429).", delay=delay)
    raise Transient(f"{platform} has a problem of its own (HTTP {answer.status}).", delay=delay)


def retry_after(headers: httpx.Headers, now: datetime, name: str = "retry-after") -> float | None:
    """The seconds of such a header, a number or a date; None if it has none that makes sense."""
    text = headers.get(name, "").strip()
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


class _WithoutQueries(logging.Filter):
    """httpx logs the whole URL of each request, and some report addresses are signed."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg
                for arg in record.args
            )
        return True


def hide_queries_in_logs() -> None:
    """Keep what httpx logs free of queries; done once, whoever made the client."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(one, _WithoutQueries) for one in logger.filters):
        logger.addFilter(_WithoutQueries())
