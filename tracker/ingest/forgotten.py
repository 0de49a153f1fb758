"""Lines of people who are to be forgotten, in segments that the engine refused."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from tracker.ingest.refusals import failed_segments
from tracker.ingest.segments import FAILED, sync_directory, write_file


class _Key(msgspec.Struct):
    site: str = ""
    visitor: int = 0


_decoder = msgspec.json.Decoder(_Key)


def forget_failed(root: Path, site: str, visitors: Collection[int]) -> int:
    """Rewrite ``failed/`` without the lines of these visitors; how many went.

    A line that cannot be read goes when it holds a visitor's number in any form. What stood beside
    it about the error may quote the line, and goes with it.
    """
    wanted = frozenset(visitors)
    names = [form for v in wanted for form in (str(v).encode(), f"{v:016x}".encode())]
    gone = 0
    for segment, _ in failed_segments(root):
        lines = segment.path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not _concerns(line, site, wanted, names)]
        if len(kept) == len(lines):
            continue
        gone += len(lines) - len(kept)
        beside = segment.path.with_suffix(".error")
        if kept:
            write_file(beside, b"The error was erased with the lines of a person.\n")
            write_file(segment.path, b"".join(kept))
        else:
            segment.path.unlink()
            beside.unlink(missing_ok=True)
        sync_directory(root / FAILED)
    return gone


def _concerns(line: bytes, site: str, visitors: frozenset[int], names: list[bytes]) -> bool:
    try:
        key = _decoder.decode(line)
    except msgspec.MsgspecError:
        return any(name in line for name in names)
    return key.site == site and key.visitor in visitors
