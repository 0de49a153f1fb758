"""Ordinals of equal lines in a file that may be larger than memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from mmap import mmap

#: Bits of the filter: 32 MiB, enough for 20 million lines at one false candidate in a hundred.
FILTER_BITS = 1 << 28
_MASK = FILTER_BITS - 1


class Repeats:
    """Reads all lines once; then ``ordinal`` of each line, asked for in the same order.

    The filter names candidates: every line that repeats, and a few that do not. Only candidates
    are counted exactly, so memory follows the number of distinct lines that repeat.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._counts: Counter[bytes] = Counter()
        self._candidates: set[bytes] = set()
        bits = mmap(-1, FILTER_BITS // 8)  # pages that no line touches cost nothing
        for line in lines:
            digest = _digest(line)
            known = True
            for part in (digest[:8], digest[8:]):
                place = int.from_bytes(part) & _MASK
                if not bits[place >> 3] & (1 << (place & 7)):
                    known = False
                    bits[place >> 3] |= 1 << (place & 7)
            if known:
                self._candidates.add(digest)

    def ordinal(self, line: bytes) -> int:
        """How many equal lines were asked for before this one."""
        if not self._candidates:
            return 0
        digest = _digest(line)
        if digest not in self._candidates:
            return 0
        self._counts[digest] += 1
        return self._counts[digest] - 1


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=16).digest()
