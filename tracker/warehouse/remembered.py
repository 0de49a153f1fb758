"""What a published build has fixed for ever, kept in memory beside the warehouse it was read from.

Only what never changes under its key belongs here: rows of a build do not, as each build writes
under a number of its own. So nothing has to be forgotten when another build is published.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from typing import TypeVar, cast

Value = TypeVar("Value", bound=Sized)


class Remembered:
    """Values by key. What was used longest ago goes when their lengths add up to more than
    ``most``; a value that is longer by itself is not kept. Thread-safe; two callers who miss the
    same key at once both load it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Sized] = OrderedDict()
        self._length = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], Value]) -> Value:
        """The value of ``key``, from ``load`` unless it is known."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast("Value", self._values[key])
        value = load()
        with self._lock:
            if key not in self._values and len(value) <= self._most:
                self._values[key] = value
                self._length += len(value)
            while self._length > self._most:
                self._length -= len(self._values.popitem(last=False)[1])
        return value
