"""Pace: how often a slice that is expensive and always dirty is built again.

The day of a busy site is dirty again as soon as it has been built, because its events go on
coming. Building it without a break would take a core and keep other sites waiting, so it rests for
several times as long as its build took, and its site is that much behind. Everybody else's slices
take milliseconds and never rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from tracker.accounts.marks import Mark, Slice

#: Builds of a slice that take less than this many seconds need no rest.
QUICK = 0.25
#: A slice rests so many times as long as it took, and no longer than so many seconds.
REST = 8
LONGEST = 60.0


@dataclass(slots=True)
class Pace:
    """Remembers when slices may be built again; used by one thread. ``clock`` is in seconds."""

    clock: Callable[[], float] = monotonic
    _ready: dict[Slice, float] = field(default_factory=dict)

    def due(self, taken: Iterable[Mark]) -> list[Mark]:
        """The marks whose slices do not rest."""
        now = self.clock()
        self._ready = {piece: at for piece, at in self._ready.items() if at > now}
        return [mark for mark in taken if mark.slice not in self._ready]

    def rest(self, slices: Iterable[Slice]) -> None:
        """A build of these slices cannot succeed for now."""
        self._ready.update(dict.fromkeys(slices, self.clock() + LONGEST))

    def took(self, slices: Sequence[Slice], seconds: float) -> None:
        """A build of these slices has just ended that took so long."""
        share = seconds / len(slices)
        if share >= QUICK:
            until = self.clock() + min(REST * share, LONGEST)
            self._ready.update(dict.fromkeys(slices, until))
