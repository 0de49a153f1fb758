"""Requests about offline conversions."""

from __future__ import annotations

import msgspec

from tracker.conversions.entry import Entry


class ImportConversions(msgspec.Struct, frozen=True):
    """``tracker conversions import``."""

    file: str
    site: str
    columns: dict[str, str] = {}
    dry_run: bool = False
    skip_bad_rows: bool = False


class TakeConversions(msgspec.Struct, frozen=True):
    """``tracker lead add`` and ``tracker conversions add``."""

    site: str
    entries: tuple[Entry, ...]
