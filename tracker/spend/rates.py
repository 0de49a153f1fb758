"""Exchange rates by hand: a table of day, base, quote and rate, or one rate for some days.

A rate that stands already is left alone, another one for its day and pair takes its place. The
amounts of exactly the days whose rates changed are computed again. What is removed stays as a rate
of 0, which every reader takes for none: facts are appended, never edited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from sqlalchemy import Engine

from tracker.accounts.counters import next_number
from tracker.errors import InvalidInput, TooLarge
from tracker.spend.rate_file import RateFile, open_rate_file
from tracker.tables.intake import FILE_LIMIT, check_file, listed, refuse_problems
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Rates of one file, a row of a range counted once for each of its days.
MOST_RATES = 1_000_000
COLUMNS = ("tenant", "day", "base", "quote", "rate", "version")

#: What a removed rate stands as, and the source of a rate that somebody entered.
REMOVED = Decimal(0)
BY_HAND = "file"

Key = tuple[date, str, str]
#: A rate that stands, the day that it is of, and where it came from.
Standing = tuple[Decimal, date, str]
#: Marks everything that is priced on these days; called before and after rates change.
MarkMoney = Callable[[Iterable[date]], object]


class RatesReport(msgspec.Struct, frozen=True):
    """What an import of rates did, or would do. ``rows`` counts days and pairs, ``pairs`` are
    written ``USD/CNY``: one USD is worth so many CNY."""

    file: str
    rows: int
    skipped: int
    added: int
    replaced: int
    unchanged: int
    first: str
    last: str
    pairs: list[str]
    problems: list[str]
    dry_run: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What of given rates is new, and what takes the place of another."""

    added: dict[Key, Decimal]
    replaced: dict[Key, Decimal]


def import_rates_file(
    warehouse: Warehouse,
    db: Engine,
    tenant: str,
    path: Path,
    *,
    mark_money: MarkMoney,
    mapping: Mapping[str, str] | None = None,
    quote: str = "",
    dry_run: bool = False,
    skip_bad_rows: bool = False,
    filename: str = "",
    file_limit: int = FILE_LIMIT,
) -> RatesReport:
    """Import a file of rates for a tenant. ``quote`` is that of a file without such a column.

    Errors, with nothing imported: InvalidInput with every bad cell, TooLarge.
    """
    check_file(path, file_limit, filename)
    file = open_rate_file(path, mapping, quote=quote, name=filename)
    found = _read(file)
    refuse_problems(file.problems, skip=skip_bad_rows)
    if not found:
        raise InvalidInput("No row of the file can be read; nothing was imported.")
    difference = compare_rates(warehouse, tenant, found)
    fresh = difference.added | difference.replaced
    if fresh and not dry_run:
        store_rates(warehouse, db, tenant, fresh, mark_money)
    days = [day for day, _, _ in found]
    return RatesReport(
        file=file.header.view.table.name,
        rows=len(found),
        skipped=file.problems.lines,
        added=len(difference.added),
        replaced=len(difference.replaced),
        unchanged=len(found) - len(fresh),
        first=min(days).isoformat(),
        last=max(days).isoformat(),
        pairs=sorted({f"{base}/{quoted}" for _, base, quoted in found}),
        problems=listed(file.problems),
        dry_run=dry_run,
        changed=bool(fresh),
    )


def _read(file: RateFile) -> dict[Key, Decimal]:
    found: dict[Key, Decimal] = {}
    for row in file.rows:
        found[row.day, row.base, row.quote] = row.rate
        if len(found) > MOST_RATES:
            raise TooLarge(f"The file has more than {MOST_RATES} rates.", hint="Split it.")
    return found


def compare_rates(warehouse: Warehouse, tenant: str, found: Mapping[Key, Decimal]) -> Difference:
    """How given rates differ from those that stand."""
    days = [day for day, _, _ in found]
    standing = {
        key: rate
        for key, (rate, _, _) in standing_quotes(warehouse, tenant, min(days), max(days)).items()
    }
    return Difference(
        added={key: rate for key, rate in found.items() if key not in standing},
        replaced={key: rate for key, rate in found.items() if standing.get(key, rate) != rate},
    )


def standing_quotes(
    warehouse: Warehouse, tenant: str, first: date, last: date
) -> dict[Key, Standing]:
    """The rates that a tenant has for these days, in the order of days."""
    rows = warehouse.rows(
        load_sql("tracker.spend", "standing_quotes.sql"),
        {"tenant": tenant, "first": first, "last": last},
    )
    return {
        (day, str(base), str(quote)): (Decimal(rate), of_day, str(source))
        for day, base, quote, rate, of_day, source in rows
    }


def store_rates(
    warehouse: Warehouse,
    db: Engine,
    tenant: str,
    rates: Mapping[Key, Decimal],
    mark_money: MarkMoney,
) -> None:
    """One insert, so that readers see all of the rates or none; a rate of 0 removes one.

    What an address told of a pair the other way round goes, or it might outrank these. The days
    are marked on both sides of it: a reconcile may have taken the first mark before the insert,
    and who dies right after the insert cannot mark any more.
    """
    days = {day for day, _, _ in rates}
    told = {
        (day, base, quote): REMOVED
        for (day, base, quote), (_, _, source) in standing_quotes(
            warehouse, tenant, min(days), max(days)
        ).items()
        if source != BY_HAND and rates.get((day, quote, base))
    }
    version = next_number(db, "rates")
    mark_money(days)
    try:
        warehouse.insert(
            "rates",
            COLUMNS,
            [(tenant, *key, rate, version) for key, rate in {**told, **rates}.items()],
        )
    finally:
        mark_money(days)
