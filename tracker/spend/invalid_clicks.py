"""Clicks that platforms took back as invalid: import of their reports, and what stands.

The amounts are the platform's own and beside the cost, never taken off it: what a platform charges
is net of them already, as far as it says so at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

from tracker.accounts.platforms import parse_platform
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.money import LIMIT, decimal_text
from tracker.spend.importer import SpendDeps
from tracker.spend.invalid_file import Credited, Key, open_invalid_file
from tracker.spend.owners import Owners, link_accounts
from tracker.spend.publication import next_pull
from tracker.spend.standing import Ledger
from tracker.tables.currency_marks import currency_of_mark
from tracker.tables.intake import FILE_LIMIT, check_file, listed, refuse_problems
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

COLUMNS = ("tenant", "platform", "account", "day", "pull", "clicks", "amount", "currency")
#: Days of one file: each month is a partition, and an insert takes a hundred of them.
MOST_DAYS = 1100


class InvalidReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do. ``amount`` is null for a file without amounts, and for one
    of accounts in several currencies, which has no ``currency`` either."""

    file: str
    platform: str
    accounts: list[str]
    days: int
    first: str
    last: str
    clicks: int
    amount: str | None
    currency: str
    skipped: int
    problems: list[str]
    warnings: list[str]
    dry_run: bool


class InvalidSum(msgspec.Struct, frozen=True, kw_only=True):
    """An account's clicks that were taken back over some days, of which ``days`` say something;
    ``amount`` is in the account's currency, null where a day has none."""

    platform: str
    account: str
    days: int
    clicks: int
    amount: str | None


class AccountDay(NamedTuple):
    """An ad account, a day of it, and the currency that it is kept in."""

    account: str
    day: date
    currency: str


def import_invalid_file(
    deps: SpendDeps,
    site: Site,
    path: Path,
    *,
    platform: str,
    account: str = "",
    dry_run: bool = False,
    skip_bad_rows: bool = False,
    filename: str = "",
    file_limit: int = FILE_LIMIT,
) -> InvalidReport:
    """Import a report of invalid clicks into the site's ad account; a day takes the place of what
    stood for it. Errors, with nothing imported: InvalidInput naming every bad cell, TooLarge."""
    check_file(path, file_limit, filename)
    platform = parse_platform(platform)
    file = open_invalid_file(path, filename)
    found = file.read()
    refuse_problems(file.problems, skip=skip_bad_rows)
    if not found:
        raise InvalidInput("No row of the file can be read; nothing was imported.")
    if len({key.day for key in found}) > MOST_DAYS:
        raise InvalidInput(f"The file has more than {MOST_DAYS} days.", hint="Split it.")
    owners = Owners(deps.db, site, platform, account, mark=file.mark)
    said = currency_of_mark(file.mark)
    whose = {name: owners.resolve(name, said) for name in sorted({key.account for key in found})}
    sums = _by_account(found, whose)
    if not dry_run:
        link_accounts(owners, Ledger(deps.warehouse, site.tenant, platform), deps.clock)
        _store(deps, site.tenant, platform, sums)
    days = sorted({key.day for key in found})
    currencies = {currency for _, currency in whose.values()}
    alike = len(currencies) == 1
    amounts = [one.amount for one in found.values() if one.amount is not None and alike]
    return InvalidReport(
        file=file.header.view.table.name,
        platform=platform,
        accounts=sorted({name for name, _ in whose.values()}),
        days=len(days),
        first=days[0].isoformat(),
        last=days[-1].isoformat(),
        clicks=sum(one.clicks for one in found.values()),
        amount=decimal_text(sum(amounts, Decimal(0))) if amounts else None,
        currency=currencies.pop() if alike else "",
        skipped=file.problems.lines,
        problems=listed(file.problems),
        warnings=list(owners.warnings),
        dry_run=dry_run,
    )


def invalid_sums(warehouse: Warehouse, tenant: str, first: date, last: date) -> list[InvalidSum]:
    """What platforms took back over these days, by account."""
    rows = warehouse.rows(
        load_sql("tracker.spend", "standing_invalid.sql"),
        {"tenant": tenant, "first": first, "last": last},
    )
    return [
        InvalidSum(
            platform=platform,
            account=account,
            days=int(days),
            clicks=int(clicks),
            amount=decimal_text(amount),
        )
        for platform, account, days, clicks, amount in rows
    ]


def _by_account(
    found: Mapping[Key, Credited], whose: Mapping[str, tuple[str, str]]
) -> dict[AccountDay, Credited]:
    """What an account's day has in all, as two names of a file may be one account. InvalidInput for
    more than is kept of a day."""
    sums: dict[AccountDay, Credited] = {}
    for key, one in found.items():
        account, currency = whose[key.account]
        day = sums.setdefault(AccountDay(account, key.day, currency), Credited())
        day.clicks += one.clicks
        if one.amount is not None:
            day.amount = (day.amount or Decimal(0)) + one.amount
    for whole, day in sums.items():
        if day.clicks >= 2**63 or (day.amount or 0) > LIMIT:
            raise InvalidInput(
                f"The rows of {whole.day} add up to more than is kept of a day.",
                hint="Check the file: it has no report of this kind.",
            )
    return sums


def _store(
    deps: SpendDeps, tenant: str, platform: str, sums: Mapping[AccountDay, Credited]
) -> None:
    pull = next_pull(deps.db)
    rows = [
        (tenant, platform, one.account, one.day, pull, day.clicks, day.amount, one.currency)
        for one, day in sorted(sums.items())
    ]
    deps.warehouse.insert("invalid_clicks", COLUMNS, rows)
