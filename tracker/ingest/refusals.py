"""Lines that the engine refuses: told from the good ones, kept with the error, queued again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tracker.accounts.clock import Clock, to_ms
from tracker.errors import StatementRefused
from tracker.ingest.columns import Table
from tracker.ingest.segments import (
    FAILED,
    READY,
    Names,
    Segment,
    segments,
    sync_directory,
    write_file,
)

#: Refused inserts of one segment after which the rest of it is set aside unexamined.
MAX_REFUSALS = 64


class Sink(Protocol):
    """What is needed of the warehouse."""

    def insert_json(self, table: str, data: bytes, *, token: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Lines that were not inserted, and why."""

    data: bytes
    error: str

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return self.data.count(b"\n")


def insert_whole(sink: Sink, table: Table, data: bytes, token: str) -> list[Refusal]:
    """Insert a segment; when the engine refuses it, all but its bad lines. What was refused.

    Halves have tokens of their own (``TOKEN/first-last``), the same at each attempt. Unavailable
    passes through: nothing is set aside because the engine is away.
    """
    if not data:
        return []
    try:
        sink.insert_json(table, data, token=token)
    except StatementRefused as error:
        return _halve(sink, table, data.splitlines(keepends=True), token, error)
    return []


def _halve(
    sink: Sink, table: Table, lines: list[bytes], token: str, first: StatementRefused
) -> list[Refusal]:
    refused: list[Refusal] = []
    budget = MAX_REFUSALS
    work = [(0, len(lines), first)]
    while work:
        start, end, error = work.pop()
        if end - start == 1 or budget <= 0:
            refused.append(Refusal(b"".join(lines[start:end]), str(error)))
            continue
        middle = (start + end) // 2
        for low, high in ((start, middle), (middle, end)):
            try:
                piece = b"".join(lines[low:high])
                sink.insert_json(table, piece, token=f"{token}/{low}-{high}")
            except StatementRefused as again:
                budget -= 1
                work.append((low, high, again))
    return refused


def keep_refused(root: Path, segment: Segment, refusals: list[Refusal]) -> int:
    """Write refused lines to ``failed/`` and their errors beside them; how many lines."""
    if not refusals:
        return 0
    stem = f"{segment.name}.{segment.table}"
    errors = "".join(f"{refusal.lines} line(s): {refusal.error}\n" for refusal in refusals)
    write_file(root / FAILED / f"{stem}.error", errors.encode())
    write_file(root / FAILED / f"{stem}.ndjson", b"".join(r.data for r in refusals))
    return sum(refusal.lines for refusal in refusals)


def failed_segments(root: Path) -> list[tuple[Segment, str]]:
    """The segments in ``failed/`` and the error of each."""
    found = []
    for segment in segments(root / FAILED):
        beside = segment.path.with_suffix(".error")
        found.append((segment, beside.read_text() if beside.exists() else ""))
    return found


def requeue(root: Path, clock: Clock) -> int:
    """Move failed segments back to the loader's queue; how many. Under new names: a token that
    was used for a part of the old segment must not swallow them."""
    names = Names()
    moved = 0
    for segment, _ in failed_segments(root):
        name = names.next(to_ms(clock()))
        segment.path.rename(root / READY / f"{name}.{segment.table}.ndjson")
        segment.path.with_suffix(".error").unlink(missing_ok=True)
        moved += 1
    if moved:
        sync_directory(root / READY)
        sync_directory(root / FAILED)
    return moved
