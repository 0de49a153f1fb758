"""How far a pull is: counted by the wire and the connector, shown by whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts of one pull. ``listen`` is called after every change, in the pull's own task."""

    listen: Callable[[Tally], None] = lambda _tally: None
    requests: int = 0
    repeats: int = 0
    waited: float = 0.0
    received: int = 0
    rows: int = 0
    days: int = 0
    days_asked: int = 0

    def add(
        self,
        *,
        requests: int = 0,
        repeats: int = 0,
        waited: float = 0.0,
        received: int = 0,
        rows: int = 0,
        days: int = 0,
        days_asked: int = 0,
    ) -> None:
        """Count so many more; ``received`` in bytes, ``waited`` in seconds."""
        self.requests += requests
        self.repeats += repeats
        self.waited += waited
        self.received += received
        self.rows += rows
        self.days += days
        self.days_asked += days_asked
        self.listen(self)
