"""What platforms tell besides keyword cost, in the warehouse: search terms, click look-ups, totals.

Rows are written under a pull number, where no reader looks; one insert into ``fact_slices`` then
lets readers see whole days of them. Click look-ups are read without slices: each stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from tracker.accounts.ad_accounts import AdAccount
from tracker.period import Period
from tracker.spend.connectors.contract import (
    Batch,
    Capability,
    ClickRow,
    SearchTermRow,
    TotalRow,
    each_day,
)
from tracker.spend.daybook import read_books
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

_WHOSE = ("tenant", "platform", "account", "day", "pull")
_PLACE = ("campaign_id", "ad_group_id", "keyword_id", "keyword", "match_type")
_FIGURES = ("impressions", "clicks", "cost", "currency", "platform_conversions", "platform_value")
#: Table and columns of each kind of fact.
TABLES: Final[Mapping[Capability, tuple[str, tuple[str, ...]]]] = {
    Capability.SEARCH_TERMS: (
        "search_terms",
        (*_WHOSE, *_PLACE, "campaign", "ad_group", "device", "term", *_FIGURES),
    ),
    Capability.CLICKS: ("click_lookups", (*_WHOSE, *_PLACE, "click_id")),
    Capability.ACCOUNT_TOTALS: ("account_totals", (*_WHOSE, *_FIGURES, "invalid_clicks")),
}
SLICE_COLUMNS = (
    "tenant", "platform", "account", "day", "fact", "pull", "version", "rows",
    "imported",
)  # fmt: skip


class Whose(NamedTuple):
    """An ad account of a tenant."""

    tenant: str
    platform: str
    account: str


@dataclass(frozen=True, slots=True)
class Total:
    """The platform's sum of an account's day, in its currency."""

    impressions: int
    clicks: int
    cost: Decimal
    currency: str
    conversions: Decimal | None
    value: Decimal | None
    invalid_clicks: int | None


@dataclass(frozen=True, slots=True)
class FactSlice:
    """A day that stands: under which pull, with how many rows, since when."""

    pull: int
    rows: int
    imported: datetime


def rows_of(whose: Whose, batch: Batch, pull: int) -> list[tuple[object, ...]]:
    """A batch of search terms or clicks as rows of its table."""
    found: list[tuple[object, ...]] = []
    for row in batch.rows:
        if isinstance(row, ClickRow):
            if row.click_id:
                found.append((*whose, batch.day, pull, *_place(row), row.click_id))
        elif isinstance(row, SearchTermRow):
            found.append(
                (*whose, batch.day, pull, *_place(row), row.campaign, row.ad_group, row.device,
                 row.term, row.impressions, row.clicks, row.cost, batch.currency,
                 row.platform_conversions, row.platform_value)
            )  # fmt: skip
    return found


def total_row(whose: Whose, day: date, total: Total, pull: int) -> tuple[object, ...]:
    """A day's total as a row of its table."""
    return (
        *whose, day, pull, total.impressions, total.clicks, total.cost, total.currency,
        total.conversions, total.value, total.invalid_clicks,
    )  # fmt: skip


def summed(total: Total | None, row: TotalRow, currency: str) -> Total:
    """A total with one more row of its day: platforms may part a day by network."""
    if total is None:
        return Total(
            row.impressions, row.clicks, row.cost, currency, row.platform_conversions,
            row.platform_value, row.invalid_clicks,
        )  # fmt: skip
    return Total(
        total.impressions + row.impressions,
        total.clicks + row.clicks,
        total.cost + row.cost,
        currency,
        _plus(total.conversions, row.platform_conversions),
        _plus(total.value, row.platform_value),
        None
        if total.invalid_clicks is None and row.invalid_clicks is None
        else (total.invalid_clicks or 0) + (row.invalid_clicks or 0),
    )


def write_facts(
    warehouse: Warehouse, want: Capability, rows: Sequence[Sequence[object]], token: str
) -> None:
    """Insert rows; readers do not see them before their slices (clicks: at once)."""
    table, columns = TABLES[want]
    warehouse.insert(table, columns, rows, token=token)


def publish_facts(
    warehouse: Warehouse,
    whose: Whose,
    want: Capability,
    days: Mapping[date, int],
    pull: int,
    now: datetime,
) -> None:
    """Let readers see these days of a pull, each with its number of rows, in place of whatever
    stood for them."""
    rows = [(*whose, day, want.value, pull, pull, count, now) for day, count in days.items()]
    warehouse.insert("fact_slices", SLICE_COLUMNS, rows)


def standing_facts(
    warehouse: Warehouse, whose: Whose, want: Capability, first: date, last: date
) -> dict[date, FactSlice]:
    """The days that stand of a kind of fact."""
    rows = warehouse.rows(
        load_sql("tracker.spend", "standing_facts.sql"),
        {**whose._asdict(), "fact": want.value, "first": first, "last": last},
    )
    return {day: FactSlice(int(pull), int(count), at) for day, pull, count, at in rows}


def standing_totals(
    warehouse: Warehouse, whose: Whose, first: date, last: date
) -> dict[date, Total]:
    """The account totals that stand; a completed day without spend has none."""
    rows = warehouse.rows(
        load_sql("tracker.spend", "standing_totals.sql"),
        {**whose._asdict(), "first": first, "last": last},
    )
    return {
        day: Total(int(seen), int(clicks), Decimal(cost), str(currency), conv, value, invalid)
        for day, seen, clicks, cost, currency, conv, value, invalid in rows
    }


def old_totals(warehouse: Warehouse, whose: Whose, days: Period) -> set[date]:
    """The days whose total says nothing of their rows, which are newer: told again it does, even
    if it says the same."""
    books = read_books(warehouse, whose.tenant, [AdAccount(*whose)], days)
    return {day for book in books for day in book.old_totals()}


def changed_terms(warehouse: Warehouse, whose: Whose, days: Period, pull: int) -> list[date]:
    """The days of which a pull that is written tells other search terms than the one that
    stands."""
    standing = standing_facts(warehouse, whose, Capability.SEARCH_TERMS, days.first, days.last)
    rows = warehouse.rows(
        load_sql("tracker.spend", "term_contents.sql"),
        {
            **whose._asdict(),
            "first": days.first,
            "last": days.last,
            "pulls": sorted({pull, *(one.pull for one in standing.values())}),
        },
    )
    contents = {(day, int(of)): int(content) for day, of, content in rows}
    return [
        day
        for day in each_day(days)
        if contents.get((day, pull))
        != (contents.get((day, standing[day].pull)) if day in standing else None)
    ]


def _place(row: ClickRow | SearchTermRow) -> tuple[str, ...]:
    return row.campaign_id, row.ad_group_id, row.keyword_id, row.keyword, row.match_type


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None and other is None else (one or Decimal(0)) + (other or Decimal(0))
