"""Rows on their way to batches: parted by day, bounded, and checked against what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from tracker.errors import InvalidInput
from tracker.money import parse_currency
from tracker.period import Period, parse_zone
from tracker.spend.connectors.answers import unreadable
from tracker.spend.connectors.contract import AccountRef, Batch, ClickRow, Row
from tracker.spend.connectors.failures import Cause, Terminal
from tracker.spend.connectors.progress import Tally

#: Most rows of a batch.
SIZE = 10_000


@dataclass(slots=True)
class Sorter:
    """Collects rows of some days of an account. ``currency`` and ``timezone`` are those of the
    account, as far as its rows do not say: then "" until they do."""

    platform: str
    account: AccountRef
    days: Period
    tally: Tally
    currency: str = ""
    timezone: str = ""
    _rows: dict[date, list[Row]] = field(default_factory=dict)

    def describe(self, currency: str, timezone: str) -> None:
        """What a row says of its account. Terminal if another row said something else, or if it
        is no currency or time zone."""
        if (currency, timezone) == (self.currency, self.timezone):
            return
        for name, said, known in (
            ("currency", currency, self.currency),
            ("time zone", timezone, self.timezone),
        ):
            if said and known and said != known:
                raise unreadable(self.platform, f"rows of one account have two values of {name}")
        try:
            self.currency = parse_currency(currency) if currency else self.currency
            self.timezone = parse_zone(timezone).key if timezone else self.timezone
        except InvalidInput as error:
            raise unreadable(self.platform, error.message) from None

    def add(self, day: date, row: Row) -> Batch | None:
        """Take a row; the batch that it fills. Terminal for a day that was not asked for."""
        if not self.days.first <= day <= self.days.last:
            raise unreadable(self.platform, f"it has rows of {day}, which was not asked for")
        rows = self._rows.get(day)
        if rows is None:
            rows = self._rows[day] = []
        rows.append(row)
        if len(rows) < SIZE:
            return None
        del self._rows[day]
        return self._batch(day, rows)

    def rest(self) -> Iterator[Batch]:
        """Whatever has not filled a batch."""
        for day, rows in sorted(self._rows.items()):
            yield self._batch(day, rows)
        self._rows.clear()

    def _batch(self, day: date, rows: list[Row]) -> Batch:
        if not (self.currency or isinstance(rows[0], ClickRow)):
            raise Terminal(
                f"{self.platform} does not say in which currency the account "
                f"{self.account.account} is kept.",
                cause=Cause.SETTING,
                hint="Enter the currency in the settings of the account.",
            )
        self.tally.add(rows=len(rows))
        return Batch(self.account.account, day, self.timezone, self.currency, tuple(rows))
