"""Requests about stored events."""

from __future__ import annotations

import msgspec


class ImportEvents(msgspec.Struct, frozen=True):
    """``tracker events import``."""

    file: str
    site: str
    dry_run: bool = False
    skip_bad_rows: bool = False


class Reclassify(msgspec.Struct, frozen=True):
    """``tracker reclassify``: classify the events of a site by the rules of now, then reconcile."""

    site: str
    dry_run: bool = False
