"""The encoding of a text file, decided by reading all of it once.

UTF-8 (with or without byte order mark), UTF-16 with byte order mark, and GBK/GB18030 are read.
Anything else is refused with the place of the first byte that does not fit: a guess would store
wrong keywords.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from tracker.errors import InvalidInput

#: One line may have at most so many bytes; longer means that this is no table.
LINE_LIMIT = 1 << 20

_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
_SAVE_AS = "Save it as CSV UTF-8 and import that."


def detect_encoding(name: str, chunks: Iterable[bytes]) -> str:
    """A Python codec name for the whole file, or InvalidInput.

    NOTE: GB18030 accepts much that is not Chinese (Größe in Latin-1 reads as Gr鲞e), so it also
    has to look like Chinese: most of its two-byte characters in the common first level.
    """
    scan = _Scan(name)
    for chunk in chunks:
        scan.feed(chunk)
    return scan.verdict()


class _Scan:
    """Tries the possible codecs side by side over one pass of the bytes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mark: str | None = None
        self.candidates: dict[str, codecs.IncrementalDecoder] = {}
        self.failures: dict[str, str] = {}
        self.line = 1
        self.since_newline = 0
        self.pairs = self.common = 0

    def feed(self, chunk: bytes) -> None:
        if self.mark is None:
            self._start(chunk)
        self._bound_line(chunk)
        self._count_pairs(chunk)
        if b"\x00" in chunk and not self.mark:
            raise InvalidInput(
                f"{self.name} holds NUL bytes: it is not a text file, or UTF-16 without a byte "
                "order mark.",
                hint=_SAVE_AS,
            )
        for codec, decoder in list(self.candidates.items()):
            self._decode(codec, decoder, chunk)
        if not self.candidates:
            raise self._refusal()
        self.line += chunk.count(b"\n")

    def verdict(self) -> str:
        for codec, decoder in list(self.candidates.items()):
            self._decode(codec, decoder, b"", final=True)
        if "utf-8-sig" in self.candidates:
            return "utf-8-sig"
        if "utf-16" in self.candidates:
            return "utf-16"
        if "gb18030" in self.candidates and self.common >= 0.7 * self.pairs:
            return "gb18030"
        raise self._refusal()

    def _start(self, chunk: bytes) -> None:
        self.mark = ""
        codecs_here = ["utf-8-sig", "gb18030"]
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.mark, codecs_here = "utf-16", ["utf-16"]
        elif chunk.startswith(codecs.BOM_UTF8):
            self.mark, codecs_here = "utf-8", ["utf-8-sig"]
        self.candidates = {c: codecs.getincrementaldecoder(c)("strict") for c in codecs_here}

    def _decode(
        self, codec: str, decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False
    ) -> None:
        if codec == "gb18030" and not self.pairs and "utf-8-sig" in self.candidates:
            return  # ASCII so far, so both agree and nothing is pending
        try:
            decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            del self.candidates[codec]
            line = self.line + chunk.count(b"\n", 0, error.start)
            byte = error.object[error.start : error.start + 1].hex()
            where = "at its very end" if final else f"in line {line} (byte 0x{byte})"
            self.failures[codec] = where

    def _bound_line(self, chunk: bytes) -> None:
        breaks = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self.since_newline = (
            len(chunk) - breaks - 1 if breaks >= 0 else (self.since_newline + len(chunk))
        )
        if self.since_newline > LINE_LIMIT:
            raise InvalidInput(
                f"{self.name} has a line longer than 1 MiB (line {self.line}): it is not a table.",
                hint="Export csv, tsv or xlsx.",
            )

    def _count_pairs(self, chunk: bytes) -> None:
        """Two-byte characters, and how many of them are Chinese of the common first level."""
        if chunk.isascii() or self.pairs > 50_000 or self.mark:
            return
        for pair in _PAIRS.findall(chunk[: 1 << 18]):
            self.pairs += 1
            self.common += 0xA1 <= pair[0] <= 0xD7 and pair[1] >= 0xA1
        self.pairs = max(self.pairs, 1)

    def _refusal(self) -> InvalidInput:
        where = self.failures.get("utf-8-sig") or self.failures.get("utf-16", "")
        kind = {"utf-16": "UTF-16", "utf-8": "UTF-8"}.get(self.mark or "")
        if where == "at its very end":
            return InvalidInput(
                f"{self.name} ends in the middle of a character: it is half-written.",
                hint="Download it again.",
            )
        expected = (
            f"valid {kind}, as its byte order mark says"
            if kind
            else ("UTF-8, UTF-16 or Chinese GBK/GB18030")
        )
        return InvalidInput(f"The text of {self.name} is not {expected}: {where}.", hint=_SAVE_AS)
