"""Marking the history of a site dirty, after a change of its settings or of what it knows.

Each function is called after the change is stored; the next reconcile makes history right.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Engine

from tracker.accounts.ad_accounts import AdAccount, accounts_of_site
from tracker.accounts.buckets import plans_of
from tracker.accounts.marks import Slice, mark
from tracker.accounts.sites import Site, list_sites
from tracker.reconcile.calendar import Frame
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reconcile"


def mark_visits(
    warehouse: Warehouse, db: Engine, site: Site, first: date = date.min, last: date = date.max
) -> int:
    """Everything of the site: after a change of time zone, visit timeout or currency.

    Of the days from ``first`` to ``last`` only, where a rebuild of these was asked for.
    """
    frame = Frame(site, plans_of(db, [site.key])[site.key])
    known = _known(warehouse, site)
    slices = _spend_slices(warehouse, db, site, known)
    for kind, day, bucket in known:
        if kind == "events":
            slices.update(frame.slices(day))
        elif kind == "visits":
            slices.add(Slice("visits", site.key, day, bucket))
        slices.add(Slice("credits", site.key, day))
    wanted = [piece for piece in slices if first <= piece.day <= last]
    mark(db, wanted)
    return len(wanted)


def mark_credits(warehouse: Warehouse, db: Engine, site: Site) -> int:
    """Conversions and credit of the site: after a change of goals or lookback."""
    days = {day for kind, day, _ in _known(warehouse, site) if kind in ("visits", "credits")}
    mark(db, [Slice("credits", site.key, day) for day in days])
    return len(days)


def mark_spend(warehouse: Warehouse, db: Engine, site: Site) -> int:
    """Spend of the site: after a change of its accounts or currency."""
    slices = _spend_slices(warehouse, db, site, _known(warehouse, site))
    mark(db, slices)
    return len(slices)


def mark_money(db: Engine, tenant: str, days: Iterable[date]) -> int:
    """Spend and conversions of every site of the tenant on these days: after a change of rates."""
    wanted = set(days)
    slices = [
        Slice(kind, site.key, day)
        for site in list_sites(db, tenant)
        for day in wanted
        for kind in ("credits", "spend")
    ]
    mark(db, slices)
    return len(slices)


def _known(warehouse: Warehouse, site: Site) -> list[tuple[str, date, int]]:
    rows = warehouse.rows(
        load_sql(PACKAGE, "known_days.sql"), {"site": site.key, "zone": site.timezone}
    )
    return [(str(kind), day, int(bucket)) for kind, day, bucket in rows]


def _spend_slices(
    warehouse: Warehouse, db: Engine, site: Site, known: Iterable[tuple[str, date, int]]
) -> set[Slice]:
    """Days with spend of the site's accounts, and those on which it has some: also a fee alone, or
    what an account cost that is its no longer."""
    days = {day for kind, day, _ in known if kind == "spend"}
    accounts = [account_key(account) for account in accounts_of_site(db, site.key)]
    if accounts:
        rows = warehouse.rows(load_sql(PACKAGE, "spend_days.sql"), {"accounts": accounts})
        days.update(day for (day,) in rows)
    return {Slice("spend", site.key, day) for day in days}


def account_key(account: AdAccount) -> tuple[str, str, str]:
    """(tenant, platform, account), as the spend tables have it."""
    return account.tenant, account.platform, account.account
