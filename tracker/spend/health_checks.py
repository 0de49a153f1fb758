"""Checks of an account's days: each looks at one book and tells what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations

from tracker.accounts.ad_accounts import AdAccount
from tracker.accounts.sites import Site
from tracker.money import decimal_text, rounded
from tracker.period import day_start, local_day, parse_zone
from tracker.spend.daybook import ONE_DAY, AccountBook, BookDay, days_between, runs_of
from tracker.spend.findings import Finding, finding, span

#: Days of silence after spend that say that it stopped, and those before with which they compare.
STOPPED, BEFORE = 3, 14
#: The share without keywords of the last days against that of the days before, in days, and by
#: how much it may rise, as a share of the cost.
SHARE_DAYS, SHARE_BEFORE, SHARE_JUMP = 7, 28, Decimal("0.1")
#: Two accounts with the same cost on so many days are taken for one that is counted twice.
TWINS = 2
#: The newest day of a source is older than this many days: its numbers are old. Platforms have
#: yesterday in the course of the morning.
FRESH = 2
YEAR = timedelta(days=365)


def today_of(book: AccountBook, site: Site, now: datetime) -> date:
    """The account's day of an instant; of one whose zone nobody knows, the site's."""
    return local_day(now, parse_zone(book.account.timezone or site.timezone))


def missing(account: AdAccount, first: date, last: date) -> Finding:
    count = (last - first).days + 1
    return finding("days_missing", account, first, last, days=span(first, last), count=count)


def _check_missing(book: AccountBook, site: Site, now: datetime) -> Iterator[Finding]:
    told = book.told()
    if not told:
        return
    newest = max(told)
    inside = set(days_between(min(told), newest)) - told
    for first, last in runs_of(inside):
        yield missing(book.account, first, last)
    age = (today_of(book, site, now) - newest).days
    if age > FRESH:
        imported = max(one.imported for one in book.days)
        yield finding(
            "old_numbers", book.account, newest + ONE_DAY, None,
            day=newest, age=age, imported=imported.date(),
        )  # fmt: skip


def _check_stopped(book: AccountBook, _: Site, __: datetime) -> Iterator[Finding]:
    single = book.single()
    spent = [day for day, one in single.items() if one.whole > 0]
    if not spent or not single:
        return
    end = max(single)
    silent = [day for day in days_between(max(spent) + ONE_DAY, end) if day in single]
    if len(silent) < STOPPED:
        return
    before = [single[day].whole for day in sorted(spent)[-BEFORE:]]
    mean = (sum(before, Decimal(0)) / len(before)).quantize(Decimal("0.01"))
    yield finding(
        "spend_stopped", book.account, silent[0], end,
        day=silent[0], amount=decimal_text(mean) or "", currency=book.account.currency or "",
    )  # fmt: skip


def _check_currency(book: AccountBook, _: Site, __: datetime) -> Iterator[Finding]:
    known = book.account.currency
    for one in book.days:
        others = [currency for currency in one.currencies if known and currency != known]
        if others:
            yield finding(
                "currency_mismatch", book.account, one.first, one.last,
                known=known or "", found=", ".join(others), days=span(one.first, one.last),
            )  # fmt: skip
            return


def _check_zone(book: AccountBook, site: Site, now: datetime) -> Iterator[Finding]:
    zone = book.account.timezone
    if not zone or not book.days:
        return
    ours, theirs = parse_zone(site.timezone), parse_zone(zone)
    today = local_day(now, ours)
    # A whole year, as zones may agree in winter alone.
    year = days_between(today - YEAR, today)
    if any(day_start(day, ours) != day_start(day, theirs) for day in year):
        yield finding("timezone_mismatch", book.account, known=zone, site=site.timezone)


def _check_share(book: AccountBook, _: Site, __: datetime) -> Iterator[Finding]:
    single = book.single()
    if not single:
        return
    end = max(single)
    split = end - (SHARE_DAYS - 1) * ONE_DAY
    now = _share(one for day, one in single.items() if day >= split)
    before = _share(
        one for day, one in single.items() if split - SHARE_BEFORE * ONE_DAY <= day < split
    )
    if now is not None and before is not None and now - before > SHARE_JUMP:
        yield finding(
            "unallocated_jump", book.account, split, end,
            now=_percent(now), before=_percent(before), count=SHARE_DAYS,
        )  # fmt: skip


def _share(days: Iterable[BookDay]) -> Decimal | None:
    whole, loose = Decimal(0), Decimal(0)
    for one in days:
        whole += one.whole
        loose += one.unallocated + one.gap
    return loose / whole if whole > 0 else None


def _percent(share: Decimal) -> str:
    return f"{rounded(share * 100, 0)}%"


def _check_overlap(book: AccountBook, _: Site, __: datetime) -> Iterator[Finding]:
    mixed = {one.first: one for one in book.days if len(one.origins) > 1}
    for first, last in runs_of(mixed):
        yield finding(
            "overlap", book.account, first, last, days=span(first, last),
            sources=", ".join(mixed[last].origins), source=mixed[last].origin,
        )  # fmt: skip


def _check_totals(book: AccountBook, _: Site, __: datetime) -> Iterator[Finding]:
    for first, last in runs_of(book.old_totals()):
        yield finding("totals_old", book.account, first, last, days=span(first, last))


Check = Callable[[AccountBook, Site, datetime], Iterator[Finding]]
CHECKS: Sequence[Check] = (
    _check_missing,
    _check_stopped,
    _check_currency,
    _check_zone,
    _check_share,
    _check_overlap,
    _check_totals,
)


def twins(books: Sequence[AccountBook]) -> Iterator[Finding]:
    """Accounts of one platform that cost the same to the micro on several days."""
    for one, other in combinations(books, 2):
        if one.account.platform != other.account.platform:
            continue
        here, there = one.single(), other.single()
        same = [day for day in here.keys() & there.keys() if here[day].cost == there[day].cost > 0]
        if len(same) >= TWINS:
            yield finding(
                "counted_twice", one.account, min(same), max(same),
                other=other.account.account, count=len(same), day=max(same),
            )  # fmt: skip
