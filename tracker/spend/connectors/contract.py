"""What a connector is asked and what it gives: the one interface of all ad platforms.

A connector *fetches* days of one ad account. It yields batches, and ``Complete(days)`` after
every portion of days that it has read to its end. Batches since the last ``Complete`` prove
nothing: an iterator that ends or raises without completing a day has not pulled that day, and
what stands for it stays. The days of the completes together are those asked for, or the pull is
incomplete. A completed day without a batch is a day without spend.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import msgspec

from tracker.period import Period
from tracker.spend.files.rows import SpendRow

__all__ = [
    "AccountRef", "Batch", "Capability", "ClickRow", "Complete", "Connector", "Row", "Schedule",
    "SearchTermRow", "SpendRow", "TotalRow",
]  # fmt: skip


class Capability(StrEnum):
    """What can be fetched, each with its kind of row."""

    KEYWORDS = "keywords"  # SpendRow: cost by keyword, and what was spent without one
    SEARCH_TERMS = "search_terms"  # SearchTermRow
    CLICKS = "clicks"  # ClickRow: which keyword a click id belongs to
    ACCOUNT_TOTALS = "account_totals"  # TotalRow: what the rows of a day are reconciled against


class SearchTermRow(msgspec.Struct, frozen=True, gc=False):
    """What was typed, and what it cost. Platforms drop rare terms: these do not add up."""

    term: str
    campaign: str
    campaign_id: str
    ad_group: str
    ad_group_id: str
    keyword: str
    keyword_id: str
    match_type: str
    device: str
    impressions: int
    clicks: int
    cost: Decimal
    platform_conversions: Decimal | None
    platform_value: Decimal | None


class ClickRow(msgspec.Struct, frozen=True, gc=False):
    """The keyword of a click id; ids are "" where the platform names none."""

    click_id: str
    campaign_id: str
    ad_group_id: str
    keyword_id: str
    keyword: str
    match_type: str


class TotalRow(msgspec.Struct, frozen=True, gc=False):
    """The platform's own sum of an account's day. ``invalid_clicks`` are those that it did not
    charge for, None where it does not say."""

    impressions: int
    clicks: int
    cost: Decimal
    platform_conversions: Decimal | None
    platform_value: Decimal | None
    invalid_clicks: int | None = None


Row = SpendRow | SearchTermRow | ClickRow | TotalRow


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An ad account. ``account`` is the platform's id of it, as spend stores it.

    ``manager`` is the account through which it is reached (Google's log-in customer, Microsoft's
    customer id), ``login`` the account's name at platforms that address accounts by name (Baidu's
    userName, Yandex's Client-Login). ``currency`` and ``timezone`` are what is known of it, ""
    if nothing; a manager account has no spend of its own.
    """

    account: str
    manager: str = ""
    login: str = ""
    name: str = ""
    currency: str = ""
    timezone: str = ""
    is_manager: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one (account, day), a part of them or all.

    ``day`` is a day in ``timezone``, the IANA name of the account's zone; amounts are in
    ``currency``. Rows of a day may come in several batches.
    """

    account: str
    day: date
    timezone: str
    currency: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Complete:
    """Everything that the platform has for these days has been yielded."""

    days: Period


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a platform's days are asked for, as its documentation suggests.

    ``timezone`` "" is the account's own. ``first_pull`` is local to it. Every day the last
    ``cost_days`` are pulled again, once a week the last ``weekly_days``: platforms restate cost,
    and book conversions on the day of the click. ``kept_days`` is how far back days can be had,
    ``click_days`` how far back the keywords of click ids.
    """

    timezone: str
    first_pull: time
    cost_days: int
    weekly_days: int
    kept_days: int
    click_days: int = 0


class Connector(Protocol):
    """One connection to a platform: its credentials serve one log-in, which may have accounts."""

    @property
    def platform(self) -> str:
        """The name that spend is stored under."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What ``fetch`` can be asked for."""
        ...

    @property
    def schedule(self) -> Schedule:
        """The defaults of the platform."""
        ...

    def fetch(
        self, account: AccountRef, days: Period, want: Capability
    ) -> AsyncGenerator[Batch | Complete, None]:
        """The rows of these days, oldest portion first; raises Transient or Terminal only."""
        ...

    async def accounts(self) -> Sequence[AccountRef]:
        """The accounts of the log-in; () where the platform has no list of them. Also the test
        of a connection: it asks the platform something that needs the authorisation."""
        ...


def portions(days: Period, size: int) -> list[Period]:
    """The days in order, cut into periods of at most ``size`` days."""
    first, last = days.first.toordinal(), days.last.toordinal()
    return [
        Period(date.fromordinal(day), date.fromordinal(min(day + size - 1, last)))
        for day in range(first, last + 1, size)
    ]


def each_day(days: Period) -> list[date]:
    """The days in order."""
    return [one.first for one in portions(days, 1)]
