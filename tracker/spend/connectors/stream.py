"""Where the elements of a JSON array lie, so that an array of any size takes bounded memory."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import IO

from tracker.spend.connectors.failures import Transient
from tracker.spend.connectors.held import Span

PIECE = 1 << 20
#: All that may be between the elements.
BETWEEN = b" \t\r\n,"
#: What is between two braces is no longer than this.
STRING_LIMIT = 16 << 20
#: Between an element's brace and its first key, and between elements, there is no more than this.
ROOM = 256
#: A run without brace or bracket: what is outside of strings, and strings, whose own mean nothing.
_FILL = rb'[^{}\[\]"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^{}\[\]"]*+)*+'
_FLAT = rb"\{%s\}" % _FILL
_NESTED = rb"\{%s(?:%s%s)*+\}" % (_FILL, _FLAT, _FILL)
_ROW = rb"\{%s(?:%s%s)*+\}" % (_FILL, _NESTED, _FILL)
#: The next brace or bracket, or a whole object that holds no array and at most two levels of
#: objects. Rows of reports are such objects, which is what makes this fast.
_TOKEN = re.compile(rb"%s(%s|[\[\]{}])" % (_FILL, _ROW), re.DOTALL)


def spans(file: IO[bytes], platform: str) -> list[Span]:
    """Offset and length of each element (an object) of the array that the file is.

    Transient if the array is not closed or is none: the answer was torn, and must be had again.
    """
    scanner = _Scanner(platform)
    while piece := file.read(PIECE):
        scanner.feed(piece)
    return scanner.end()


def keyed_spans(file: IO[bytes], key: str) -> list[Span] | None:
    """As ``spans``, where each element begins with ``key``: eight times as fast, as that is all
    that is looked for. None where the elements may be others.

    NOTE: no more than candidates. Whoever decodes each of them as one whole object has proved that
    they are the elements, and all of them; who cannot must ask ``spans``.
    """
    starts, size = _starts(file, f'"{key}"'.encode())
    if not starts:
        return None
    file.seek(0)
    if file.read(starts[0]).strip() != b"[":
        return None
    found: list[Span] = []
    for start, end in pairwise([*starts, size]):
        file.seek(max(start, end - ROOM))
        tail = file.read(end - file.tell()).rstrip()
        if not tail.endswith(b"]" if end == size else b","):
            return None
        found.append((start, end - min(ROOM, end - start) + len(tail[:-1].rstrip()) - start))
    return found


def _starts(file: IO[bytes], name: bytes) -> tuple[list[int], int]:
    """Offsets of the objects whose first key that is, and the size of the file; none if the name
    stands anywhere else."""
    starts: list[int] = []
    gone, latest, buffer = 0, -1, b""
    while piece := file.read(PIECE):
        buffer += piece
        at = buffer.find(name)
        while at >= 0:
            before = buffer[max(0, at - ROOM) : at].rstrip()
            if gone + at > latest:
                latest = gone + at
                if not before.endswith(b"{"):
                    return [], 0
                starts.append(gone + max(0, at - ROOM) + len(before) - 1)
            at = buffer.find(name, at + 1)
        kept = buffer[-(ROOM + len(name)) :]
        gone, buffer = gone + len(buffer) - len(kept), kept
    return starts, gone + len(buffer)


class _Scanner:
    """``_at`` is how far the buffer was looked through, ``_gone`` how many bytes were dropped
    before it, ``_start`` the offset of the open element (−1: none is open). Depth 1 is within the
    array."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._buffer = bytearray()
        self._at = 0
        self._gone = 0
        self._start = -1
        self._depth = 0
        self._closed = False
        self._found: list[Span] = []

    def feed(self, piece: bytes) -> None:
        """Look through the next piece."""
        self._buffer += piece
        # No match: what follows is the beginning of a string that the next piece ends.
        while token := _TOKEN.match(self._buffer, self._at):
            self._at = token.end()
            if self._depth < 2 and token.group()[: token.start(1) - token.start()].strip(BETWEEN):
                raise self._torn()
            self._take(*token.span(1))
        self._gone += self._at
        del self._buffer[: self._at]
        self._at = 0
        if len(self._buffer) > STRING_LIMIT:
            raise Transient(f"{self._platform} sent an answer with too long a text in it.")

    def end(self) -> list[Span]:
        """What was found; Transient unless the array is closed."""
        if not self._closed or self._buffer.strip():
            raise self._torn()
        return self._found

    def _take(self, start: int, end: int) -> None:
        """Follow a token: a brace, a bracket, or a whole object, opened and closed."""
        sign = bytes(self._buffer[start : start + 1])
        if self._closed or (self._depth == 0 and sign != b"["):
            raise self._torn()
        whole = end - start > 1
        if self._depth == 1 and sign == b"}":
            raise self._torn()
        if self._depth == 1 and sign in (b"{", b"["):
            self._start = self._gone + start
        if not whole:
            self._depth += 1 if sign in (b"{", b"[") else -1
        self._closed = self._depth == 0
        if self._depth == 1 and self._start >= 0:
            self._found.append((self._start, self._gone + end - self._start))
            self._start = -1

    def _torn(self) -> Transient:
        return Transient(f"{self._platform} sent an answer that is no list, or only a part of one.")
