"""The spool: where an event is on disk before its sender is told so.

Invariants
    1. ``append`` returns only when every line of the batch is on disk (``fdatasync``) in a file
       whose directory entry is on disk too (``fsync`` of the directory at creation and rename).
    2. A line is in exactly one segment, and a segment is inserted with its name as token.
    3. A closed segment consists of whole lines and never changes.
    4. Nothing acknowledged is removed but by the loader, after the insert and the marks.

Layout
    See ``tracker.ingest.segments``. Each writer has at most one open segment a table.

Write
    Requests that come while a commit is under way wait together and are written by the next one:
    one ``write`` and one ``fdatasync`` a table for all of them. After a commit for ``many``
    requests the next one waits ``gather`` seconds for company, because a commit costs as much
    processor time as several requests; a request that comes alone never waits. Commits run in one
    thread of their own, so the event loop never waits for the disk. A segment is closed (renamed to
    ``ready/``) when it is larger than ``segment_bytes`` or older than ``segment_age`` seconds.

Read
    Only the loader reads, and only closed segments. It adopts what a dead writer left open: the
    kernel has then released the writer's lock.

Acknowledge
    A failed ``write``, ``fdatasync`` or rename fails every request of its commit with Unavailable
    (503, Retry-After), cuts the segment back to what was acknowledged, closes it, and the next
    commit begins another. So a full or read-only disk heals by itself once it has room again.
    NOTE: after a failed ``fdatasync`` the kernel may have dropped the pages; the file is never
    synced a second time and trusted.

Budget
    Above ``budget_bytes`` in ``open/``, ``ready/`` and ``failed/`` together, or below
    ``reserve_bytes`` of free disk, events are refused with Unavailable until the loader has
    caught up. Bulk imports have a directory of their own and never take from this budget.

Corruption
    A crash in mid-write leaves a torn tail: the bytes after the last newline. They were not
    acknowledged; adoption cuts and counts them. A whole line that was written but not yet
    acknowledged may survive; its sender will repeat it, and reports count an event id once. A
    line that the engine refuses ends in ``failed/`` with the error beside it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tracker.accounts.clock import Clock, to_ms
from tracker.errors import Unavailable
from tracker.ingest.columns import Batch, Table
from tracker.ingest.reasons import Counters
from tracker.ingest.room import room_of, spooled_bytes
from tracker.ingest.segments import (
    OPEN,
    READY,
    Names,
    make_root,
    sync_directory,
    write_all,
)

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """Sizes in bytes, times in seconds."""

    segment_bytes: int = 8 * MEBIBYTE
    segment_age: float = 0.5
    budget_bytes: int = 4096 * MEBIBYTE
    reserve_bytes: int = 64 * MEBIBYTE
    #: How often the budget is measured.
    measure_every: float = 1.0
    #: A commit for this many requests says that more will come soon, and how long to wait for them.
    many: int = 8
    gather: float = 0.002
    retry_after: int = 10


class OpenSegment:
    """One file that this process appends to, under its lock."""

    def __init__(self, root: Path, name: str, table: Table) -> None:
        self.path = root / OPEN / f"{name}.{table}.open"
        self.target = root / READY / f"{name}.{table}.ndjson"
        self.size = 0
        self.opened = monotonic()
        fresh = self.path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(fresh, flags, 0o600)
        try:
            # NOTE: locked before it gets the name under which a loader may adopt it.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            fresh.rename(self.path)
            sync_directory(self.path.parent)
        except OSError:
            os.close(self._descriptor)
            fresh.unlink(missing_ok=True)
            raise

    def append(self, data: bytes) -> None:
        """Write and sync. After an OSError the segment must be abandoned."""
        write_all(self._descriptor, data)
        os.fdatasync(self._descriptor)
        self.size += len(data)

    def close(self) -> None:
        """Hand the segment to the loader."""
        try:
            self.path.rename(self.target)
            sync_directory(self.target.parent)
            sync_directory(self.path.parent)
        finally:
            os.close(self._descriptor)

    def abandon(self) -> None:
        """After a failure: keep what was acknowledged, and leave the file for adoption."""
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            pass  # adoption cuts a torn tail; a whole line more does no harm
        finally:
            os.close(self._descriptor)


class Spool:
    """The writer of one process: ``await append(batch)``, then ``await close()`` at the end."""

    def __init__(
        self,
        root: Path,
        clock: Clock,
        *,
        limits: SpoolLimits | None = None,
        counters: Counters | None = None,
        measure: Callable[[Path], int] | None = None,
    ) -> None:
        self.root = root
        self.limits = limits or SpoolLimits()
        self.counters = counters or Counters()
        self._clock = clock
        self._measure = measure or spooled_bytes
        self._names = Names()
        self._open: dict[Table, OpenSegment] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._waiting: list[tuple[Batch, asyncio.Future[None]]] = []
        self._committing = False
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._measured = float("-inf")
        self._full = ""
        self._closed = False
        make_root(root)

    async def append(self, batch: Batch) -> None:
        """Return when the batch is durable; Unavailable when it is not and will not be."""
        if not batch:
            return
        if self._closed:
            raise Unavailable("The server is shutting down.", retry_after=1)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, done))
        if not self._committing:
            self._committing = True
            self._soon()
        await done

    async def close(self) -> None:
        """Wait for what is being written and hand all segments to the loader."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        while self._committing:
            await asyncio.sleep(0.005)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._rotate, True)
        self._thread.shutdown()

    # --- in the event loop ----------------------------------------------------------------------

    def _soon(self) -> None:
        """Start a commit when the requests that have arrived already are among the waiting."""
        loop = asyncio.get_running_loop()
        if self._busy:
            loop.call_later(self.limits.gather, self._start_commit)
        else:
            loop.call_soon(self._start_commit)

    def _start_commit(self) -> None:
        loop = asyncio.get_running_loop()
        group, self._waiting = self._waiting, []
        self._busy = len(group) >= self.limits.many
        work = loop.run_in_executor(self._thread, self._commit, [batch for batch, _ in group])
        work.add_done_callback(lambda future: self._finish_commit(group, future))

    def _finish_commit(
        self, group: list[tuple[Batch, asyncio.Future[None]]], work: asyncio.Future[None]
    ) -> None:
        self._committing = False
        error = work.exception()
        for _, done in group:
            if done.done():
                continue  # its request was cancelled
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
        if self._waiting:
            self._committing = True
            self._soon()
        elif self._timer is None and self._open and not self._closed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.limits.segment_age, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._committing or self._closed:
            return  # the end of that commit sets the timer again
        self._committing = True
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._thread, self._rotate, False)
        work.add_done_callback(lambda future: self._finish_commit([], future))

    # --- in the spool's thread ------------------------------------------------------------------

    def _commit(self, batches: list[Batch]) -> None:
        self._check_room()
        together = Batch()
        for batch in batches:
            together.events += batch.events
            together.identities += batch.identities
            together.rejected += batch.rejected
        for table, lines in together.tables():
            self._append(table, b"".join(lines))
        self._rotate(False)

    def _append(self, table: Table, data: bytes) -> None:
        try:
            segment = self._open.get(table)
            if segment is None:
                name = self._names.next(to_ms(self._clock()))
                segment = self._open[table] = OpenSegment(self.root, name, table)
            segment.append(data)
        except OSError as error:
            self._give_up(table)
            raise self._unavailable(f"cannot be written: {error.strerror}") from error

    def _give_up(self, table: Table) -> None:
        self.counters.add("spool.write_errors")
        broken = self._open.pop(table, None)
        if broken is not None:
            broken.abandon()

    def _rotate(self, everything: bool) -> None:
        """Close segments that are large or old enough. A failure costs nothing: see ``adopt``."""
        now = monotonic()
        for table, segment in list(self._open.items()):
            old = now - segment.opened >= self.limits.segment_age
            if everything or old or segment.size >= self.limits.segment_bytes:
                del self._open[table]
                try:
                    segment.close()
                    self.counters.add("spool.segments")
                except OSError:
                    self.counters.add("spool.write_errors")

    def _check_room(self) -> None:
        now = monotonic()
        if now - self._measured >= self.limits.measure_every:
            self._measured = now
            self._full = self._problem()
        if self._full:
            self.counters.add("spool.refused")
            raise self._unavailable(self._full)

    def _problem(self) -> str:
        try:
            room = room_of(self.root, self._measure)
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return room.problem(self.limits.budget_bytes, self.limits.reserve_bytes)

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(f"The event spool {what}.", retry_after=self.limits.retry_after)
