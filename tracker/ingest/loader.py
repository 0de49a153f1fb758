"""The loader: closed segments of one root become rows of the warehouse, each line once.

For each segment, the oldest first and two at a time: lines of forgotten visitors are left out;
what is left is inserted whole, with the segment's name as deduplication token; the slices its
events touch are marked dirty; the segment is removed. A crash anywhere in between repeats the
whole, which the token makes harmless (and, should its window have passed, the event ids in the
reports).

A segment that the engine refuses is halved until its bad lines stand alone: those go to
``failed/`` with the error beside them, the rest is inserted. An engine or a metadata store that
is away leaves the segment where it is, and ``run`` waits and tries again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import time
from typing import Protocol

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from tracker.accounts import marks
from tracker.accounts.clock import Clock, to_ms
from tracker.errors import TrackerError, Unavailable
from tracker.ingest import dirt
from tracker.ingest.columns import EventKey, Table
from tracker.ingest.lines import decode_keys, without_visitors
from tracker.ingest.reasons import Counters
from tracker.ingest.refusals import Refusal, insert_whole, keep_refused
from tracker.ingest.segments import (
    IMPORTS,
    READY,
    Segment,
    adopt,
    make_root,
    segments,
    sync_directory,
)
from tracker.ingest.suppressed import Suppressed

log = structlog.get_logger(__name__)

#: Segments loaded at once while there is a backlog, and how many are taken from the list in a go.
WORKERS = 2
CHUNK = 8
#: Seconds between looks at the spool, and the longest wait while the engine is away.
POLL = 0.1
LONGEST_WAIT = 30.0
LOCK = "loader.lock"
#: Tables whose lines make slices dirty. An identity says whose a visit is, and may be loaded after
#: the events beside it were rebuilt.
MARKING = (Table.EVENTS, Table.IDENTITIES)


class Sink(Protocol):
    """What the loader needs of the warehouse."""

    def insert_json(self, table: str, data: bytes, *, token: str | None = None) -> None: ...


class LoaderHeld(Unavailable):
    """Another process drains this root; one loader a root."""

    code = "loader_held"


@dataclass(slots=True)
class LoadReport:
    """What one pass did. ``waiting`` says why it stopped early, empty if it did not."""

    segments: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    suppressed: int = 0
    failed_lines: int = 0
    adopted: int = 0
    torn: int = 0
    slices: int = 0
    waiting: str = ""

    @property
    def events(self) -> int:
        """Rows of ``events`` that were inserted."""
        return self.rows.get(Table.EVENTS, 0)

    def add(self, one: LoadReport) -> None:
        """Add what was done for another segment."""
        self.segments += one.segments
        self.suppressed += one.suppressed
        self.failed_lines += one.failed_lines
        self.slices += one.slices
        for table, rows in one.rows.items():
            self.rows[table] = self.rows.get(table, 0) + rows


class Loader:
    """Drains one root; holds its lock from construction until ``close``. LoaderHeld if taken."""

    def __init__(
        self,
        root: Path,
        warehouse: Sink,
        db: Engine,
        clock: Clock,
        *,
        counters: Counters | None = None,
        on_loaded: Callable[[LoadReport], None] | None = None,
    ) -> None:
        make_root(root)
        self.root = root
        self._warehouse = warehouse
        self._db = db
        self._clock = clock
        self._counters = counters or Counters()
        self._on_loaded = on_loaded
        self._suppressed = Suppressed(db)
        self._lock = _take_lock(root / LOCK)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="loader")

    def close(self) -> None:
        """Give the root back."""
        self._workers.shutdown()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def drain(self, *, stop: Event | None = None) -> LoadReport:
        """One pass over what is closed now: live segments first, then bulk imports.

        Never raises for an engine or a store that is away: ``waiting`` of the report says so.
        """
        report = LoadReport()
        try:
            report.adopted, report.torn = adopt(self.root, time())
            self._counters.add("spool.torn_lines", report.torn)
            # What comes while this runs goes first where it is live, but does not prolong the pass.
            due = {segment.path for segment in self._waiting()}
            while due and not (stop is not None and stop.is_set()):
                found = self._waiting()[:CHUNK]
                self._load_all(found, report)
                due -= {segment.path for segment in found}
        except (Unavailable, SQLAlchemyError, OSError) as error:
            report.waiting = _words(error)
        self._count(report)
        return report

    def run(self, stop: Event) -> None:
        """Drain until ``stop`` is set; waits longer each time while the engine is away."""
        wait = POLL
        while not stop.is_set():
            report = self.drain(stop=stop)
            if report.waiting:
                wait = min(max(wait * 2, 0.5), LONGEST_WAIT)
                log.warning("loader waits", reason=report.waiting, seconds=wait)
            else:
                wait = POLL
            if self._on_loaded is not None and report.segments:
                self._on_loaded(report)
            stop.wait(wait)

    def _waiting(self) -> list[Segment]:
        """The segments that wait: live ones before bulk imports, each the oldest first."""
        return [s for directory in (READY, IMPORTS) for s in segments(self.root / directory)]

    def _load_all(self, found: list[Segment], report: LoadReport) -> None:
        """Load segments side by side; the first error is raised when all have ended."""
        if len(found) == 1:
            report.add(self._load(found[0]))
            return
        errors = []
        for work in [self._workers.submit(self._load, segment) for segment in found]:
            try:
                report.add(work.result())
            except (Unavailable, SQLAlchemyError, OSError) as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _load(self, segment: Segment) -> LoadReport:
        report = LoadReport(segments=1)
        data = segment.path.read_bytes()
        refusals: list[Refusal] = []
        dirty: dirt.Dirt = {}
        if segment.table in MARKING:
            keys, data = decode_keys(data, refusals)
            keys, data = self._forget(keys, data, report)
            dirty = dirt.collect(keys)
        rows = data.count(b"\n")
        refused = insert_whole(self._warehouse, segment.table, data, segment.token)
        if dirty:
            touched = dirt.slices(self._db, dirty, to_ms(self._clock()))
            marks.mark(self._db, touched, now=self._clock())
            report.slices = len(touched)
        report.failed_lines = keep_refused(self.root, segment, refusals + refused)
        segment.path.unlink()
        sync_directory(segment.path.parent)
        report.rows[segment.table] = rows - sum(refusal.lines for refusal in refused)
        return report

    def _forget(
        self, keys: list[EventKey], data: bytes, report: LoadReport
    ) -> tuple[list[EventKey], bytes]:
        self._suppressed.refresh()
        if not len(self._suppressed):
            return keys, data
        kept = [not self._suppressed(key.site, key.visitor) for key in keys]
        if all(kept):
            return keys, data
        report.suppressed += kept.count(False)
        return [k for k, keep in zip(keys, kept, strict=True) if keep], without_visitors(data, kept)

    def _count(self, report: LoadReport) -> None:
        for table, rows in report.rows.items():
            self._counters.add(f"loader.{table}", rows)
        self._counters.add("loader.suppressed", report.suppressed)
        self._counters.add("loader.failed_lines", report.failed_lines)
        self._counters.add("loader.segments", report.segments)


def _take_lock(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"The spool's lock {path} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 64, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise LoaderHeld(
            f"The spool {path.parent} already has a loader: process {holder}.",
            hint="Stop that one, or give this one another spool directory.",
        ) from error
    # NOTE: the number is for people only, and on a full disk, which the loader is to relieve, it
    # has no room.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _words(error: Exception) -> str:
    if isinstance(error, TrackerError):
        return str(error)
    if isinstance(error, OSError):
        return f"The spool cannot be read or written: {error.strerror}."
    return f"The metadata store does not answer: {type(error).__name__}."
