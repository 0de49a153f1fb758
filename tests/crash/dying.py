"""The ``tracker`` command, killed by itself at a chosen point: ``dying.py POINT COUNT COMMAND…``.

It is the real command; only the functions that lead to the point are wrapped. The process ends as
by ``kill -9`` when it comes to the point for the COUNT-th time. POINT may be ``none``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracker.accounts import marks
from tracker.cli import main
from tracker.ingest import segments, spool
from tracker.warehouse.client import Warehouse

#: Points of a process that takes events, in the order in which an event passes them.
TAKING = ("named", "half written", "written", "synced", "closing", "closed")
#: Points of a process that loads them.
LOADING = ("inserting", "inserted", "marked", "removed")


class Fate:
    """Counts how often the point is passed."""

    def __init__(self, point: str, count: int) -> None:
        self._point = point
        self._left = count

    def at(self, point: str) -> bool:
        """Whether the time has come at this point."""
        if point != self._point:
            return False
        self._left -= 1
        return self._left == 0

    def pass_(self, point: str) -> None:
        """End the process if its time has come."""
        if self.at(point):
            os.kill(os.getpid(), signal.SIGKILL)


def arm(fate: Fate) -> None:
    """Wrap what leads to the points."""
    write_all, fdatasync = segments.write_all, os.fdatasync
    rename, unlink = Path.rename, Path.unlink

    def writing(descriptor: int, data: bytes) -> None:
        if fate.at("half written"):
            write_all(descriptor, data[: len(data) - 40])
            os.kill(os.getpid(), signal.SIGKILL)
        write_all(descriptor, data)
        fate.pass_("written")

    def syncing(descriptor: int) -> None:
        fdatasync(descriptor)
        fate.pass_("synced")

    def renaming(self: Path, target: Any) -> Path:
        closing = self.suffix == ".open"
        if closing:
            fate.pass_("closing")
        found = rename(self, target)
        fate.pass_("closed" if closing else "named")
        return found

    def unlinking(self: Path, missing_ok: bool = False) -> None:
        unlink(self, missing_ok)
        if self.parent.name == "ready":
            fate.pass_("removed")

    for owner, name, function in (
        (spool, "write_all", writing),
        (os, "fdatasync", syncing),
        (Path, "rename", renaming),
        (Path, "unlink", unlinking),
        (Warehouse, "insert_json", _around(Warehouse.insert_json, fate, "inserting", "inserted")),
        (marks, "mark", _around(marks.mark, fate, "", "marked")),
    ):
        setattr(owner, name, function)


def _around(function: Callable[..., Any], fate: Fate, before: str, after: str) -> Any:
    def wrapped(*given: Any, **words: Any) -> Any:
        fate.pass_(before)
        found = function(*given, **words)
        fate.pass_(after)
        return found

    return wrapped


if __name__ == "__main__":
    arm(Fate(sys.argv[1], int(sys.argv[2])))
    sys.argv = ["tracker", *sys.argv[3:]]
    main()
