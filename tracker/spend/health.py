"""Data health: what is wrong with the cost of a site, or may be, as findings with their numbers.

Nothing here changes anything. Each finding names an account, days and what to look at; the words
are English with the values inside, and ``values`` has them for translations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine, select

from tracker.accounts import schema
from tracker.accounts.ad_accounts import (
    AdAccount,
    accounts_of_site,
    given_campaigns,
    list_ad_accounts,
)
from tracker.accounts.held_files import held_files
from tracker.accounts.sites import Site
from tracker.period import Period, local_day, parse_zone
from tracker.spend.daybook import (
    ONE_DAY,
    AccountBook,
    days_between,
    read_books,
    runs_of,
    told_since,
)
from tracker.spend.findings import SEVERITIES, Finding, finding, span
from tracker.spend.health_checks import CHECKS, FRESH, missing, today_of, twins
from tracker.spend.rates import standing_quotes
from tracker.warehouse.client import Warehouse

#: How far back is looked, in days.
REACH = 60


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """How current an account is: its last day, the age of that in days, when and how it came."""

    platform: str
    account: str
    name: str
    currency: str | None
    timezone: str | None
    last_day: str | None
    age_days: int | None
    imported_at: str | None
    origin: str | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Findings, worst first, and how current each account is."""

    site: str
    checked_at: str
    accounts: list[AccountState]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class HealthDeps:
    """Where findings are read from."""

    warehouse: Warehouse
    db: Engine
    now: datetime


def site_health(deps: HealthDeps, site: Site) -> Health:
    """Everything about the cost of a site that a person should look at."""
    today = local_day(deps.now, parse_zone(site.timezone))
    linked = accounts_of_site(deps.db, site.key)
    free = _unlinked(deps.db, site.tenant)
    days = Period(today - timedelta(days=REACH), today)
    books = read_books(deps.warehouse, site.tenant, [*linked, *free], days)
    own = [book for book in books if book.account not in free]
    findings = [
        *_failed(deps.db, site, linked),
        *_waiting(deps.db, site),
        *twins(own),
        *(found for book in own for check in CHECKS for found in check(book, site, deps.now)),
        *_without_rate(deps.warehouse, site, own, days),
        *(finding("not_linked", book.account) for book in books if book.days and book not in own),
    ]
    findings.sort(key=lambda one: (SEVERITIES.index(one.severity), one.platform, one.account))
    return Health(
        site=site.key,
        checked_at=deps.now.isoformat(timespec="seconds"),
        accounts=[_state(book, site, deps.now) for book in own],
        findings=findings,
    )


def missing_days(deps: HealthDeps, site: Site, *periods: Period) -> list[Finding]:
    """What lacks within any of these periods: failed sources, and days missing of accounts that a
    stored connection is to keep current. Accounts that live from files promise nothing."""
    linked = accounts_of_site(deps.db, site.key)
    found = _failed(deps.db, site, linked)
    kept = _connected(deps.db, site.tenant)
    watched = [one for one in linked if (one.platform, one.account) in kept]
    since = told_since(deps.warehouse, site.tenant, watched)
    lacking: dict[tuple[str, str], set[date]] = defaultdict(set)
    for days in periods:
        for book in read_books(deps.warehouse, site.tenant, watched, days):
            lacking[book.key] |= _lacking(book, site, days, since.get(book.key), deps.now)
    for one in watched:
        for first, last in runs_of(lacking[one.platform, one.account]):
            found.append(missing(one, first, last))
    return found


def _lacking(
    book: AccountBook, site: Site, days: Period, since: date | None, now: datetime
) -> set[date]:
    """The days of a period that an account does not tell, from the first that it ever told."""
    if since is None:
        return set()
    end = min(days.last, today_of(book, site, now) - FRESH * ONE_DAY)
    return set(days_between(max(days.first, since), end)) - book.told()


def _without_rate(
    warehouse: Warehouse, site: Site, books: Sequence[AccountBook], days: Period
) -> Iterator[Finding]:
    """Days of cost that cannot be converted to the site's currency, in either direction."""
    foreign = [
        one for one in books if one.days and one.account.currency not in (None, site.currency)
    ]
    if not foreign:
        return
    standing = standing_quotes(warehouse, site.tenant, days.first, days.last)
    priced = {(frozenset((base, quote)), day) for day, base, quote in standing}
    for book in foreign:
        pair = frozenset((book.account.currency or "", site.currency))
        spent = {day for day, one in book.single().items() if one.whole}
        for first, last in runs_of(day for day in spent if (pair, day) not in priced):
            yield finding(
                "rate_missing", book.account, first, last, days=span(first, last),
                count=(last - first).days + 1, base=book.account.currency, quote=site.currency,
            )  # fmt: skip


def _unlinked(db: Engine, tenant: str) -> list[AdAccount]:
    every = [one for one in list_ad_accounts(db, tenant) if one.site is None]
    keys = {(one.tenant, one.platform, one.account) for one in every}
    given = {row[:3] for row in given_campaigns(db, keys)}
    return [one for one in every if (one.tenant, one.platform, one.account) not in given]


def _connected(db: Engine, tenant: str) -> set[tuple[str, str]]:
    """(platform, account) that a stored connection pulls, if it was not disconnected."""
    accounts, connections = schema.connection_accounts, schema.connections
    query = (
        select(connections.c.kind, accounts.c.account)
        .join(connections, accounts.c.connection == connections.c.id)
        .where(
            connections.c.tenant == tenant,
            connections.c.state != "disconnected",
            accounts.c.enabled,
        )
    )
    with db.connect() as connection:
        return {(row.kind, row.account) for row in connection.execute(query)}


def _failed(db: Engine, site: Site, linked: Sequence[AdAccount]) -> list[Finding]:
    """Connections of this site or its accounts that cannot deliver, and why."""
    accounts, connections = schema.connection_accounts, schema.connections
    query = (
        select(connections, accounts.c.account, accounts.c.error.label("words"))
        .outerjoin(accounts, (accounts.c.connection == connections.c.id) & accounts.c.enabled)
        .where(connections.c.tenant == site.tenant, connections.c.state != "disconnected")
        .order_by(connections.c.kind, connections.c.id, accounts.c.account)
    )
    ours = {(one.platform, one.account) for one in linked}
    found: dict[tuple[str, str], Finding] = {}
    with db.connect() as connection:
        for row in connection.execute(query):
            words = row.words or row.error
            account = row.account or ""
            if words and ((row.kind, account) in ours or row.site == site.key):
                whose = AdAccount(site.tenant, row.kind, account)
                source = row.name or row.kind
                found[row.id, account] = finding("source_failed", whose, source=source, words=words)
    return list(found.values())


def _waiting(db: Engine, site: Site) -> list[Finding]:
    """Files whose import would remove something: until somebody decides, their cost is missing."""
    found = []
    for one in held_files(db, site.key):
        given = msgspec.json.decode(one.options, type=dict[str, Any])
        whose = AdAccount(site.tenant, given["platform"], given["account"])
        day = one.held_at.date()
        found.append(finding("file_waits", whose, file=one.name, day=day, words=one.reason))
    return found


def _state(book: AccountBook, site: Site, now: datetime) -> AccountState:
    newest = max(book.days, key=lambda one: (one.last, one.imported), default=None)
    return AccountState(
        platform=book.account.platform,
        account=book.account.account,
        name=book.account.name,
        currency=book.account.currency,
        timezone=book.account.timezone,
        last_day=newest.last.isoformat() if newest else None,
        age_days=(today_of(book, site, now) - newest.last).days if newest else None,
        imported_at=newest.imported.isoformat(timespec="seconds") if newest else None,
        origin=newest.origin if newest else None,
    )
