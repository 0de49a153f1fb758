"""Requests for reports; days are the site's, as YYYY-MM-DD."""

from __future__ import annotations

import msgspec

from tracker.attribution.grouping import Level
from tracker.reports.request import Brand, By, Model, Sort


class ReportKeywords(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report keywords``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str
    model: str = Model.LAST_NON_DIRECT
    by: str = By.CLICK
    compare: str = ""
    goal: str = ""
    platform: str = ""
    search: str = ""
    brand: str = Brand.ALL
    sort: str = Sort.COST
    ascending: bool = False
    limit: int = 0
    offset: int = 0


class ReportBreakdown(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report breakdown``; days as YYYY-MM-DD, ``given`` as in the API's query."""

    site: str
    first: str
    last: str
    given: dict[str, str]
    limit: int = 0
    offset: int = 0


class ReportAttribution(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report models`` and ``tracker report paths``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str
    level: str = Level.CAMPAIGN
    by: str = By.CONVERSION
    goal: str = ""
    order: int = 1
    limit: int = 50
    brand: str = Brand.ALL


class ReportMatch(msgspec.Struct, frozen=True):
    """``tracker report match``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str


class ListConversions(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report conversions``; days as YYYY-MM-DD, of the conversion."""

    site: str
    first: str
    last: str
    goal: str = ""
    limit: int = 100
    offset: int = 0


class ShowConversion(msgspec.Struct, frozen=True):
    """``tracker report conversion``: one conversion with its touches."""

    site: str
    conversion: str
