"""An answer that is held on disk until it is whole: rows are read only from a whole one.

A connection that breaks half-way costs a repetition, never a half-read day, and an answer of any
size takes bounded memory. Small answers stay in memory.
"""

from __future__ import annotations

import tempfile
from os import SEEK_END
from pathlib import Path
from types import TracebackType
from typing import IO

#: Up to so many bytes are kept in memory.
IN_MEMORY = 4 << 20

#: Offset and length.
Span = tuple[int, int]


class Held:
    """Use with ``with``: the file is gone at the end, whatever happens."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self.file: IO[bytes] = self._open()

    def _open(self) -> IO[bytes]:
        return tempfile.SpooledTemporaryFile(
            IN_MEMORY, dir=None if self._directory is None else str(self._directory)
        )

    def clear(self) -> None:
        """Empty, for another attempt."""
        self.file.close()
        self.file = self._open()

    def rewound(self) -> IO[bytes]:
        """The file at its beginning."""
        self.file.seek(0)
        return self.file

    def append(self, part: bytes) -> Span:
        """Add a part, such as a page; where it lies."""
        offset = self.file.seek(0, SEEK_END)
        self.file.write(part)
        return offset, len(part)

    def read(self, span: Span) -> bytes:
        """A part."""
        self.file.seek(span[0])
        return self.file.read(span[1])

    def __enter__(self) -> Held:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.file.close()
