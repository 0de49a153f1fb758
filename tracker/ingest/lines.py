"""Whole lines of a segment: the few fields the loader reads of each, and lines left out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tracker.ingest.columns import EventKey
from tracker.ingest.refusals import Refusal

_decoder = msgspec.json.Decoder(EventKey)


def decode_keys(data: bytes, refusals: list[Refusal]) -> tuple[list[EventKey], bytes]:
    """The keys of a segment's lines, and its bytes without the lines that are not events.

    Those lines are added to ``refusals``, each with the reason.
    """
    try:
        return _decoder.decode_lines(data), data
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _decode_each(data, refusals)


def _decode_each(data: bytes, refusals: list[Refusal]) -> tuple[list[EventKey], bytes]:
    keys: list[EventKey] = []
    good: list[bytes] = []
    for line in data.splitlines(keepends=True):
        try:
            keys.append(_decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            refusals.append(Refusal(line, f"Not a line of events: {error}"))
        else:
            good.append(line)
    return keys, b"".join(good)


def without_visitors(data: bytes, kept: Sequence[bool]) -> bytes:
    """The bytes of the lines for which ``kept`` says so."""
    lines = data.splitlines(keepends=True)
    return b"".join(line for line, keep in zip(lines, kept, strict=True) if keep)
