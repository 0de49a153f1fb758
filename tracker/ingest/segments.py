"""Segments: files of whole lines for one table, where they live and how they move.

    ROOT/
      loader.lock          held (flock) by the one loader of this root; holds its pid
      open/                a writer appends here; it holds flock on each of its files
        NAME.TABLE.open
        NAME.TABLE.new     created but not yet locked; without content that was acknowledged
      ready/               closed, complete, never written again; the loader's input
        NAME.TABLE.ndjson
      imports/             as ready/, from bulk imports; loaded when ready/ is empty
      staging/             an import in progress; published by rename to imports/, or removed
      failed/              refused lines, each file with its error beside it
        NAME.TABLE.ndjson
        NAME.TABLE.error

NAME is ``<ms since 1970, 13 digits>-<writer, 8 hex>-<number, 6 digits>``: sorted, names are in the
order of creation of one writer whatever the clock does, and no name is ever used twice, so that
it can serve as the deduplication token of the insert.

NOTE: ``flock`` belongs to the open file, so a process finds its own open segments locked too, and
the kernel lets go of the lock when the process dies. That is the whole of crash detection.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import Unavailable
from tracker.ingest.columns import Table

OPEN, READY, IMPORTS, STAGING, FAILED = "open", "ready", "imports", "staging", "failed"
DIRECTORIES = (OPEN, READY, IMPORTS, STAGING, FAILED)
_NAME = re.compile(r"(\d{13}-[0-9a-f]{8}-\d{6})\.([a-z_]+)\.(open|new|ndjson|error)")
_TABLES = frozenset(table.value for table in Table)
#: A ``.new`` file this old (seconds) belongs to no living writer.
ABANDONED = 3_600.0


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A closed segment. ``token`` is its deduplication token."""

    name: str
    table: Table
    path: Path

    @property
    def token(self) -> str:
        """Unique for ever, the same at each attempt to insert this segment."""
        return f"{self.name}.{self.table}"


class Names:
    """Makes the names of one writer's segments: sorted, even when the clock jumps back."""

    def __init__(self) -> None:
        self.writer = secrets.token_hex(4)
        self._last = 0
        self._number = 0

    def next(self, now_ms: int) -> str:
        """A name never given before."""
        self._last = max(self._last, now_ms)
        self._number += 1
        return f"{self._last:013d}-{self.writer}-{self._number % 1_000_000:06d}"


def make_root(root: Path) -> None:
    """Make the directories that are missing. Unavailable when the disk does not let us."""
    try:
        for name in DIRECTORIES:
            (root / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(
            f"The spool {root} cannot be made: {error.strerror}.",
            hint="Check that the disk is writable and has room.",
        ) from error


def segments(directory: Path) -> list[Segment]:
    """The closed segments of a directory in order of creation; other files are left alone."""
    found = []
    for entry in _entries(directory):
        match = _NAME.fullmatch(entry.name)
        if match and match.group(3) == "ndjson" and match.group(2) in _TABLES:
            found.append(Segment(match.group(1), Table(match.group(2)), Path(entry.path)))
    return sorted(found)


def open_names(root: Path) -> set[str]:
    """The names of the files that writers append to at this moment, living or dead."""
    return {
        entry.name
        for entry in _entries(root / OPEN)
        if (match := _NAME.fullmatch(entry.name)) and match.group(3) == "open"
    }


def size_of(directory: Path) -> int:
    """Bytes of all files of a directory; files that vanish meanwhile count nothing."""
    total = 0
    for entry in _entries(directory):
        try:
            total += entry.stat().st_size
        except FileNotFoundError:
            continue
    return total


def adopt(root: Path, now: float) -> tuple[int, int]:
    """Close what dead writers left open: (segments, torn tails that were cut).

    A file of ``open/`` whose lock can be taken has no living writer. Its tail after the last
    newline was never acknowledged and is cut; an empty file is removed.
    """
    adopted = torn = 0
    for entry in _entries(root / OPEN):
        match = _NAME.fullmatch(entry.name)
        if match is None or match.group(3) not in ("open", "new"):
            continue
        path = Path(entry.path)
        if match.group(3) == "new":
            _remove_abandoned(path, now)
            continue
        target = root / READY / f"{match.group(1)}.{match.group(2)}.ndjson"
        outcome = _adopt_one(path, target)
        adopted += outcome is not None
        torn += bool(outcome)
    if adopted:
        sync_directory(root / READY)
        sync_directory(root / OPEN)
    return adopted, torn


def _adopt_one(path: Path, target: Path) -> bool | None:
    """Whether a torn tail was cut; None when the file has a living writer or has gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        if not path.exists():  # its writer closed it between our look and our lock
            return None
        size = os.fstat(descriptor).st_size
        whole = last_line_end(descriptor, size)
        if whole == 0:
            path.unlink()
            return size > 0
        if whole < size:
            os.ftruncate(descriptor, whole)
        os.fdatasync(descriptor)
        path.rename(target)
        return whole < size
    finally:
        os.close(descriptor)


def last_line_end(descriptor: int, size: int) -> int:
    """The offset just past the last newline, 0 if there is none."""
    step = 64 * 1024
    end = size
    while end > 0:
        start = max(0, end - step)
        block = os.pread(descriptor, end - start, start)
        at = block.rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def _remove_abandoned(path: Path, now: float) -> None:
    try:
        if now - path.stat().st_mtime > ABANDONED:
            path.unlink()
    except FileNotFoundError:
        return


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from list(entries)
    except FileNotFoundError:
        return


def sync_directory(directory: Path) -> None:
    """Make creations, renames and removals within a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write a whole new file durably: under another name, synced, renamed, directory synced."""
    partial = path.with_suffix(path.suffix + ".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)
    sync_directory(path.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; a short write (a full disk) goes on until it raises."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
