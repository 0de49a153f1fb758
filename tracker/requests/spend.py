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


class ImportRates(msgspec.Struct, frozen=True):
    """``tracker rates import``; ``site`` names the tenant, empty when there is only one."""

    file: str
    site: str = ""
    dry_run: bool = False
    skip_bad_rows: bool = False


class FetchRates(msgspec.Struct, frozen=True):
    """``tracker rates fetch``: from the address of the settings, for every company."""
