"""Event ids for protocols whose clients send none: from what a request says and when it came.

Two requests are the same event, sent again, when they are equal to the last byte, come from the
same client and less than ``WINDOW`` apart. What makes requests differ for sure (a random number,
an order number, a time of their own) takes the window away: then equal is equal whenever it comes.

Processes agree without talking: the id is made of the request's digest and of the number of the
window in which it was first seen. A process remembers that number, so that a repetition just after
the end of a window still gets it; two processes differ only where a window ends between the two
copies and they reach different processes.

NOTE: so two equal clicks of one client within the window count once, as a double click does. Only
what the client sends could tell them apart.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import blake2b

#: Time within which an equal request is a repetition, in ms.
WINDOW = 3_000
#: Requests remembered by a process.
SIZE = 50_000


class RequestIds:
    """Makes event ids: 32 hexadecimal digits. Safe from any thread."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._lock = threading.Lock()
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def windowed(self, received: int, *parts: str | bytes) -> str:
        """The id of a request made of ``parts`` that came at ``received`` (UTC ms)."""
        digest = _digest(parts)
        with self._lock:
            first = self._seen.get(digest)
            if first is None or not 0 <= received - first < self._window:
                first = received
                self._seen.pop(digest, None)
                self._seen[digest] = first
                if len(self._seen) > SIZE:
                    self._seen.popitem(last=False)
        return fixed(digest, b"%d" % (first // self._window))


def fixed(*parts: str | bytes) -> str:
    """The id of something that has a name of its own, the same for ever."""
    return _digest(parts).hex()


def _digest(parts: tuple[str | bytes, ...]) -> bytes:
    """A hash of the parts and of where each ends."""
    state = blake2b(digest_size=16, person=b"request")
    for part in parts:
        data = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.digest()
