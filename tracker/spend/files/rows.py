"""What a spend file says: its rows, what it declares about itself, and its own totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["keyword", "unallocated"]


class SpendRow(msgspec.Struct, frozen=True, gc=False):
    """One line of a report.

    ``line`` counts from 1. ``day`` is None only in an undated file. ``match_type`` is ``exact``,
    ``phrase``, ``broad``, ``smart`` or "", with the report's own words in ``match_type_text``.
    ``device`` is ``desktop``, ``mobile``, ``tablet``, ``tv``, the report's word, or "". ``cost`` is
    in ``currency`` ("" where the file does not say). Rows that name no keyword (Performance Max,
    AI Max, 词包, 自动扩量, whole campaigns) are ``unallocated``, with the reason.
    """

    line: int
    day: date | None
    account: str
    campaign: str
    campaign_id: str
    ad_group: str
    ad_group_id: str
    keyword: str
    keyword_id: str
    match_type: str
    match_type_text: str
    device: str
    network: str
    impressions: int
    clicks: int
    cost: Decimal
    currency: str
    platform_conversions: Decimal | None
    platform_value: Decimal | None
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of an account's day that a file covers; empty tuples mean no restriction."""

    devices: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()

    @property
    def all(self) -> bool:
        """Whether the file covers whole days of the account."""
        return not (self.devices or self.networks or self.filters)

    def __str__(self) -> str:
        parts = [
            f"{name}: {', '.join(values)}"
            for name, values in (
                ("device", self.devices),
                ("network", self.networks),
                ("filter", self.filters),
            )
            if values
        ]
        return "; ".join(parts) or "all"


@dataclass(frozen=True, slots=True)
class Total:
    """A total row that the file holds itself; None where a cell of it says nothing.

    ``covers`` says of what it is the total: of all keywords, of those that a filter or the hiding
    of removed ones left over, or of something wider (the account) or other.
    """

    line: int
    label: str
    covers: Literal["all", "filtered", "other"]
    impressions: int | None
    clicks: int | None
    cost: Decimal | None


@dataclass(slots=True)
class Sums:
    """Totals of the rows read so far."""

    rows: int = 0
    impressions: int = 0
    clicks: int = 0
    cost: Decimal = Decimal(0)

    def agrees(self, total: Total) -> bool:
        """Whether these are the sums that a total row states.

        Counts must be equal. A platform rounds the cost of each row and of the total apart, so
        half a cent a row is allowed, but never more than a thousandth of the total.
        """
        counts = (total.impressions in (None, self.impressions)) and (
            total.clicks in (None, self.clicks)
        )
        if total.cost is None:
            return counts
        allowed = min(Decimal("0.005") * self.rows, abs(total.cost) / 1000) + Decimal("0.01")
        return counts and abs(total.cost - self.cost) <= allowed
