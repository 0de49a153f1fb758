"""How many events a minute a site, and one address at a site, may send to this process.

A sliding window of two counters: the events of this minute and, by the share of it that still lies
within the last 60 s, those of the minute before. Memory is two numbers a key, bounded in all.

NOTE: not the library ``limits``: its memory storage starts a thread and walks all keys every 10 ms
of use, which with 50,000 addresses cost 40 to 50 µs an event, as much as all else here together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

from tracker.ingest.address import parse_ip

#: Length of the window, in ms.
WINDOW = 60_000
#: Keys that are counted at once; a newcomer beyond them is not counted in this minute.
KEYS = 200_000


@dataclass(slots=True)
class Rates:
    """Counters by key. Used by the event loop's thread alone."""

    _window: int = -1
    _now: dict[str, int] = field(default_factory=dict)
    _before: dict[str, int] = field(default_factory=dict)

    def take(self, key: str, limit: int, amount: int, now: int) -> int:
        """Count ``amount`` and return 0, or the seconds to wait when that exceeds the limit.

        ``limit`` is in events a minute, ``now`` in UTC ms. What is refused is not counted. A
        request larger than the whole limit counts as the limit, or it could never pass.
        """
        if now // WINDOW != self._window:
            self._turn(now // WINDOW)
        amount = min(amount, limit)
        current, before = self._now.get(key, 0), self._before.get(key, 0)
        passed = (now % WINDOW) / WINDOW
        if current + amount + before * (1 - passed) <= limit:
            if current or len(self._now) < KEYS:
                self._now[key] = current + amount
            return 0
        # The share of the minute before falls with time; when that is not enough, this minute has
        # to become the one before and fall in turn.
        free = limit - amount - current
        if free >= 0:
            wait = 1 - free / before - passed
        else:
            wait = 1 - passed + max(0.0, 1 - (limit - amount) / current)
        return max(1, math.ceil(wait * WINDOW / 1000))

    def _turn(self, window: int) -> None:
        self._before = self._now if window == self._window + 1 else {}
        self._now = {}
        self._window = window


@lru_cache(maxsize=16_384)
def is_public(ip: str) -> bool:
    """Whether an address can be one client's.

    NOTE: a private or loopback address is most often a proxy that is missing from the trusted
    ones; a limit on it would be one on all visitors together.
    """
    address = parse_ip(ip) if ip else None
    return address is not None and address.is_global
