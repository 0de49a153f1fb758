"""One process at a time in the directory of an embedded engine.

The engine itself refuses a second process, but its message names nobody. This lock is taken
before the engine opens: an exclusive ``flock`` on ``engine.lock`` in that directory. The kernel
frees it when the process ends in any way, ``kill -9`` included; the file's JSON (pid, command,
since) only feeds the message and is never trusted as proof of a holder.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import msgspec

from tracker.errors import EngineHeld, Unavailable

LOCK_FILE = "engine.lock"
_PASSWORD = re.compile(r"://[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the directory, as that process wrote it; ``since`` is UTC, ISO 8601."""

    pid: int
    command: str
    since: str


class DirectoryLock:
    """An exclusive hold on an engine directory, which is created if it is not there.

    Usable as a context manager. ``acquire`` raises EngineHeld at once, without waiting, when
    another process (or another part of this one) has it, and Unavailable when the directory
    cannot be written.
    """

    def __init__(self, directory: Path, *, argv: Sequence[str] | None = None) -> None:
        self.directory = Path(os.path.realpath(directory))
        self.path = self.directory / LOCK_FILE
        self._argv = argv
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and write who took it."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_holder(self.path)
            os.close(descriptor)
            raise _held(self.directory, holder) from None
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._write(json.dumps(self._own()))

    def release(self) -> None:
        """Give the lock back; doing so twice is harmless.

        NOTE: the file stays. Unlinking it would let a third process lock a new file of the same
        name while a second still waits on, or holds, the old one.
        """
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        os.ftruncate(descriptor, 0)
        os.close(descriptor)

    def __enter__(self) -> DirectoryLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _open(self) -> int:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(
                f"The engine directory {self.directory} cannot be used: {error.strerror}.",
                hint="Check that it is a directory that this user may write.",
            ) from error

    def _own(self) -> dict[str, object]:
        command = " ".join(self._argv if self._argv is not None else sys.argv)
        command = _PASSWORD.sub("://***@", command)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        return {"pid": os.getpid(), "command": command, "since": since}

    def _write(self, text: str) -> None:
        assert self._descriptor is not None
        # The lock holds without the words, for which a full disk has no room.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)


def read_holder(path: Path) -> Holder | None:
    """What the lock file says of its holder; None when it says nothing readable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def _held(directory: Path, holder: Holder | None) -> EngineHeld:
    hint = "Stop that process first, or use the commands that talk to a running `tracker serve`."
    if holder is None:
        return EngineHeld(f"Another process holds the engine directory {directory}.", hint=hint)
    if holder.pid == os.getpid():
        return EngineHeld(
            f"This process (pid {holder.pid}) already holds the engine directory {directory}.",
            hint="Use the warehouse that is open.",
            pid=holder.pid,
        )
    return EngineHeld(
        f"Process {holder.pid} ({holder.command}) holds the engine directory {directory} "
        f"since {holder.since}.",
        hint=hint,
        pid=holder.pid,
    )
