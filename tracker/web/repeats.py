"""Forms that are sent again: a second click while the first is answered, or soon after.

Every form of a page has a key of its own (``once``). What comes with the same key and the same
fields is the same form, and gets the answer of the first: its work is done once. A form that was
filled in anew is another, as is one that was refused and is tried again. Each process knows the
forms that it answered itself, for some minutes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import anyio
import msgspec
from starlette.responses import Response

#: How long an answer is kept, in seconds, and how many of a form's address at most.
KEPT = 300.0
MOST = 50


@dataclass(slots=True)
class _Answer:
    until: float
    done: anyio.Event = field(default_factory=anyio.Event)
    response: Response | None = None


class Repeats:
    """The answers to the forms of one address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[bytes, _Answer] = {}

    async def answer(self, sent: bytes, work: Callable[[], Awaitable[Response]]) -> Response:
        """What ``work`` answers, or has answered to the same form; an empty ``sent`` is none.

        A refusal is not kept, and whoever waited for it does the work himself.
        """
        if not sent:
            return await work()
        known = self._answers.get(sent)
        if known and known.until > self._clock():
            await known.done.wait()
            if known.response:
                return known.response
        return await self._first(sent, work)

    async def _first(self, sent: bytes, work: Callable[[], Awaitable[Response]]) -> Response:
        mine = self._keep(sent)
        try:
            response = await work()
            if response.status_code < 400:
                mine.response = response
            return response
        finally:
            if mine.response is None and self._answers.get(sent) is mine:
                del self._answers[sent]
            mine.done.set()

    def _keep(self, sent: bytes) -> _Answer:
        """A place for an answer; those that are over go, and the oldest if there are too many."""
        now = self._clock()
        self._answers = {key: one for key, one in self._answers.items() if one.until > now}
        while len(self._answers) >= MOST:
            del self._answers[next(iter(self._answers))]
        mine = self._answers[sent] = _Answer(now + KEPT)
        return mine


def sent_form(secret: str, path: str, fields: Mapping[str, str]) -> bytes:
    """What tells a form from every other: whose it is, where it goes, its key and its fields.
    Empty for a form without a key."""
    if not fields.get("once"):
        return b""
    return hashlib.sha256(msgspec.json.encode([secret, path, sorted(fields.items())])).digest()
