"""The days of ad accounts as they stand: cost, how it came, and the platform's own total."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from tracker.accounts.ad_accounts import AdAccount
from tracker.period import Period
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BookDay:
    """One day (or period total) of an account; ``gap`` is 0 without a total that counts."""

    first: date
    last: date
    imported: datetime
    origin: str
    origins: tuple[str, ...]
    cost: Decimal
    unallocated: Decimal
    currencies: tuple[str, ...]
    has_total: bool
    total_counts: bool
    gap: Decimal

    @property
    def whole(self) -> Decimal:
        """What the account cost, the gap to its total with it."""
        return self.cost + self.gap


@dataclass(slots=True)
class AccountBook:
    """The days of one account, in order."""

    account: AdAccount
    days: list[BookDay] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """(platform, account), of the tenant whose books are read."""
        return self.account.platform, self.account.account

    def told(self) -> set[date]:
        """Every day that something stands for, those of period totals too."""
        return {day for one in self.days for day in days_between(one.first, one.last)}

    def single(self) -> dict[date, BookDay]:
        """The days that are told by themselves."""
        return {one.first: one for one in self.days if one.first == one.last}

    def old_totals(self) -> list[date]:
        """Days whose total is older than their rows, and so says nothing of them."""
        return [one.first for one in self.days if one.has_total and not one.total_counts]


def read_books(
    warehouse: Warehouse, tenant: str, accounts: Iterable[AdAccount], days: Period
) -> list[AccountBook]:
    """The book of each of these accounts of a tenant over these days."""
    books = {(one.platform, one.account): AccountBook(one) for one in accounts}
    if not books:
        return []
    rows = warehouse.dicts(
        load_sql("tracker.spend", "standing_days.sql"),
        {"tenant": tenant, "accounts": sorted(books), "first": days.first, "last": days.last},
    )
    for row in rows:
        total_counts = bool(row["total_counts"])
        cost = Decimal(row["cost"])
        books[row["platform"], row["account"]].days.append(
            BookDay(
                first=row["day"],
                last=row["last_day"],
                imported=row["imported"],
                origin=row["origin"],
                origins=tuple(row["origins"]),
                cost=cost,
                unallocated=Decimal(row["unallocated"]),
                currencies=tuple(row["currencies"]),
                has_total=bool(row["has_total"]),
                total_counts=total_counts,
                gap=Decimal(row["total"]) - cost if total_counts else Decimal(0),
            )
        )
    return list(books.values())


def told_since(
    warehouse: Warehouse, tenant: str, accounts: Iterable[AdAccount]
) -> dict[tuple[str, str], date]:
    """(platform, account) to the first day that something stands for, of those that have one."""
    keys = sorted({(one.platform, one.account) for one in accounts})
    if not keys:
        return {}
    rows = warehouse.rows(
        load_sql("tracker.spend", "standing_since.sql"), {"tenant": tenant, "accounts": keys}
    )
    return {(str(platform), str(account)): first for platform, account, first in rows}


def days_between(first: date, last: date) -> list[date]:
    """The days in order, both included; none if they are the wrong way round."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def runs_of(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as spans of consecutive ones."""
    spans: list[tuple[date, date]] = []
    for day in sorted(days):
        if spans and day == spans[-1][1] + ONE_DAY:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans
