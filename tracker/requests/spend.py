"""Requests about spend and the exchange rates that convert it."""

from __future__ import annotations

import msgspec


class ImportSpend(msgspec.Struct, frozen=True):
    """``tracker spend import``; ``columns`` maps fields to columns of the file."""

    file: str
    site: str
    platform: str = ""
    account: str = ""
    currency: str = ""
    columns: dict[str, str] = {}
    dry_run: bool = False
    skip_bad_rows: bool = False
    replace: bool = False
    partial: bool = False
    period_total: bool = False


class ListHeld(msgspec.Struct, frozen=True):
    """``tracker spend held list``."""

    site: str


class AcceptHeld(msgspec.Struct, frozen=True):
    """``tracker spend held accept``; ``partial`` leaves campaigns that the file does not have."""

    site: str
    held: str
    partial: bool = False


class DiscardHeld(msgspec.Struct, frozen=True):
    """``tracker spend held discard``."""

    site: str
    held: str


class ImportRates(msgspec.Struct, frozen=True):
    """``tracker rates import``; ``site`` names the tenant, empty when there is only one."""

    file: str
    site: str = ""
    dry_run: bool = False
    skip_bad_rows: bool = False


class FetchRates(msgspec.Struct, frozen=True):
    """``tracker rates fetch``: from the address of the settings, for every company."""


class ListRates(msgspec.Struct, frozen=True):
    """``tracker rates list``; ``base`` and ``quote`` choose a pair, "" is any."""

    site: str
    base: str = ""
    quote: str = ""
    limit: int = 100
    offset: int = 0


class SetRate(msgspec.Struct, frozen=True):
    """``tracker rates set``: one ``base`` is worth ``rate`` of ``quote`` on these days
    (YYYY-MM-DD); ``quote`` "" is the site's currency, ``last`` "" the first day alone."""

    site: str
    base: str
    rate: str
    first: str
    last: str = ""
    quote: str = ""


class RemoveRate(msgspec.Struct, frozen=True):
    """``tracker rates remove``: the pair's rates of these days (YYYY-MM-DD)."""

    site: str
    base: str
    first: str
    last: str = ""
    quote: str = ""


class ImportInvalid(msgspec.Struct, frozen=True):
    """``tracker spend import-invalid``."""

    file: str
    site: str
    platform: str
    account: str = ""
    dry_run: bool = False
    skip_bad_rows: bool = False


class ListInvalid(msgspec.Struct, frozen=True):
    """``tracker spend invalid``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str
