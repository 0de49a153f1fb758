"""Requests about the sales pipeline: its stages, and the leads in it."""

from __future__ import annotations

import msgspec

from tracker.conversions.entry import Entry


class SetStages(msgspec.Struct, frozen=True):
    """``tracker pipeline set`` and ``reset``: (key, role, name, aliases) each; none for the
    usual stages."""

    site: str
    stages: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()


class ListLeads(msgspec.Struct, frozen=True):
    """``tracker lead list``."""

    site: str
    stage: str = ""
    search: str = ""
    limit: int = 50
    offset: int = 0


class MoveLead(msgspec.Struct, frozen=True):
    """``tracker lead move``; with the id of one of its stages in ``step`` it is said anew."""

    site: str
    lead: str
    step: Entry


class ReportPipeline(msgspec.Struct, frozen=True):
    """``tracker report pipeline``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str
