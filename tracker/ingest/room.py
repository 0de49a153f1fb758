"""The room of a spool: what waits in it, and what its disk has left."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tracker.ingest.segments import FAILED, OPEN, READY, size_of


@dataclass(frozen=True, slots=True)
class Room:
    """What a spool holds and what its disk has left, in bytes."""

    used: int
    free: int

    def problem(self, budget: int, reserve: int) -> str:
        """Why events are refused, as they are with less room than this; empty otherwise."""
        if self.used >= budget:
            return f"is full: {self.used} of {budget} bytes await the loader"
        if self.free < reserve:
            return f"has {self.free} bytes of disk left; {reserve} are kept free"
        return ""


def spooled_bytes(root: Path) -> int:
    """Bytes of live events that await the loader, all writers together, and of failed ones."""
    return sum(size_of(root / name) for name in (OPEN, READY, FAILED))


def room_of(root: Path, measure: Callable[[Path], int] = spooled_bytes) -> Room:
    """The room of a spool as it is now; OSError where it cannot be read."""
    used, disk = measure(root), os.statvfs(root)
    return Room(used, disk.f_bavail * disk.f_frsize)
