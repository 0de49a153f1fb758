"""A bounded pool of driver clients: one client serialises its calls, so each call has its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracker.errors import Unavailable

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class ClientPool:
    """At most ``size`` clients, made when first needed and kept until ``close``.

    ``wait`` (seconds) bounds how long a call waits for a free client. Thread-safe.
    """

    def __init__(self, make: Callable[[], Client], *, size: int, wait: float) -> None:
        self._make = make
        self._size = size
        self._wait = wait
        self._free: list[Client] = []
        self._made = 0
        self._closed = False
        self._condition = threading.Condition()

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client that nobody else uses; raises Unavailable when none comes free in time."""
        client = self._take()
        try:
            yield client
        finally:
            self._give_back(client)

    def close(self) -> None:
        """Close the idle clients now and each busy one when its call ends."""
        with self._condition:
            self._closed = True
            idle, self._free = self._free, []
            self._condition.notify_all()
        for client in idle:
            client.close()

    def _take(self) -> Client:
        with self._condition:
            self._condition.wait_for(self._ready, timeout=self._wait)
            if self._closed:
                raise Unavailable("The warehouse is closed.", hint="The program is stopping.")
            if self._free:
                return self._free.pop()
            if self._made >= self._size:
                raise Unavailable(
                    f"All {self._size} connections to ClickHouse were busy for {self._wait:g} s.",
                    hint="Try again; if it stays so, raise the pool size or shorten the queries.",
                )
            self._made += 1
        try:
            return self._make()
        except BaseException:
            with self._condition:
                self._made -= 1
                self._condition.notify()
            raise

    def _ready(self) -> bool:
        return self._closed or bool(self._free) or self._made < self._size

    def _give_back(self, client: Client) -> None:
        with self._condition:
            if not self._closed:
                self._free.append(client)
                self._condition.notify()
                return
        client.close()
