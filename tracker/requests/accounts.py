"""Requests about ad accounts: which site they count for, and what their cost is adjusted by."""

from __future__ import annotations

import msgspec


class PlaceAccount(msgspec.Struct, frozen=True):
    """``tracker account place``: an account, or a campaign of it, to the site, or to none."""

    site: str
    platform: str
    account: str
    campaign: str = ""
    away: bool = False


class AddCostRule(msgspec.Struct, frozen=True):
    """``tracker account rule-add``; days as YYYY-MM-DD, amounts as decimal text."""

    site: str
    platform: str
    account: str
    kind: str
    first: str
    value: str
    last: str = ""
    credit: str = ""
    currency: str = ""
    note: str = ""


class RemoveCostRule(msgspec.Struct, frozen=True):
    """``tracker account rule-remove``."""

    site: str
    platform: str
    account: str
    rule: str
