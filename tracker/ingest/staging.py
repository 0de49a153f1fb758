"""Segments of an import in progress: published all together, or removed."""

from __future__ import annotations

import fcntl
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from time import time
from types import TracebackType

from tracker.accounts.clock import Clock, to_ms
from tracker.errors import Unavailable
from tracker.ingest.columns import Batch, Table
from tracker.ingest.segments import (
    IMPORTS,
    STAGING,
    Names,
    make_root,
    sync_directory,
    write_file,
)

#: Bytes of one segment, and of all lines held in memory.
SEGMENT_BYTES = 8 * 1024 * 1024
HELD_BYTES = 64 * 1024 * 1024
_LOCK = "lock"
#: Seconds in which a new directory is not looked at.
GRACE = 60.0


class Staging:
    """Collects lines into segments of one UTC month each (the engine refuses an insert into more
    than 100 daily partitions). Leaving the ``with`` block without ``publish`` removes them."""

    def __init__(self, root: Path, clock: Clock) -> None:
        make_root(root)
        self._root = root
        self._clock = clock
        self._names = Names()
        self._directory = root / STAGING / self._names.writer
        self._held: dict[tuple[Table, int], list[bytes]] = {}
        self._sizes: dict[tuple[Table, int], int] = {}
        self._total = 0
        self._lock = -1
        self._month = (0, 0, 0)

    def __enter__(self) -> Staging:
        remove_abandoned(self._root)
        try:
            self._directory.mkdir(mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._lock = os.open(self._directory / _LOCK, flags, 0o600)
        except OSError as error:
            raise _unavailable(error) from error
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        os.close(self._lock)

    def add(self, batch: Batch, time_ms: int) -> None:
        """Keep the lines of one event; Unavailable when the disk is full."""
        for table, lines in batch.tables():
            month = self._month_of(time_ms) if table is Table.EVENTS else 0
            key = (table, month)
            held = self._held.setdefault(key, [])
            held += lines
            size = sum(map(len, lines))
            self._sizes[key] = self._sizes.get(key, 0) + size
            self._total += size
            if self._sizes[key] >= SEGMENT_BYTES:
                self._write(key)
        while self._total > HELD_BYTES:
            self._write(max(self._sizes, key=self._sizes.__getitem__))

    def publish(self) -> int:
        """Hand everything to the loader; how many segments."""
        for key in sorted(self._held, key=str):
            self._write(key)
        published = sorted(self._directory.glob("*.ndjson"))
        try:
            for path in published:
                path.rename(self._root / IMPORTS / path.name)
            sync_directory(self._root / IMPORTS)
        except OSError as error:
            raise Unavailable(
                f"The import was queued in part only: {error.strerror}.",
                hint="Import the file again: events that are in already change nothing.",
            ) from error
        return len(published)

    def _write(self, key: tuple[Table, int]) -> None:
        lines = self._held.pop(key, [])
        self._total -= self._sizes.pop(key, 0)
        if not lines:
            return
        name = self._names.next(to_ms(self._clock()))
        try:
            write_file(self._directory / f"{name}.{key[0]}.ndjson", b"".join(lines))
        except OSError as error:
            raise _unavailable(error) from error

    def _month_of(self, time_ms: int) -> int:
        """The UTC month as year × 12 + month; events of a file mostly share it with the last."""
        first, after, month = self._month
        if first <= time_ms < after:
            return month
        day = datetime.fromtimestamp(time_ms / 1000, UTC)
        month = day.year * 12 + day.month - 1
        start = datetime(day.year, day.month, 1, tzinfo=UTC)
        end = datetime((month + 1) // 12, (month + 1) % 12 + 1, 1, tzinfo=UTC)
        self._month = (to_ms(start), to_ms(end), month)
        return month


def remove_abandoned(root: Path) -> int:
    """Remove what imports that died have left; how many there were."""
    removed = 0
    for directory in (root / STAGING).iterdir():
        lock = directory / _LOCK
        try:
            if time() - lock.stat().st_mtime < GRACE:
                continue  # perhaps not locked yet
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # just being made, or gone
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(directory, ignore_errors=True)
            removed += 1
        finally:
            os.close(descriptor)
    return removed


def _unavailable(error: OSError) -> Unavailable:
    return Unavailable(
        f"The import cannot be written to the spool: {error.strerror}.",
        hint="Make room on the disk and import the file again; nothing was imported.",
    )
