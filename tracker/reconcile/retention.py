"""Retention: events and visits of sites that keep them for a number of days only.

The local days before the last ``keep_days`` go from facts and derived tables, by mutations that
are waited for. What was earned and spent on them stays in reports, with the sums of visits by day;
rows of keywords show no visits of such days. Nothing of those days, nor credit whose paths would
reach into them, is rebuilt: it would come out empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from tracker.accounts.goals import Goal
from tracker.accounts.marks import Slice
from tracker.accounts.site_rules import KEPT_BEYOND_LOOKBACK
from tracker.accounts.sites import Site
from tracker.period import day_start, local_day, parse_zone
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Tables that hold visitors by time, facts last: a cut that died is repeated.
TABLES = (("hits", "time"), ("visits", "start"), ("clicks", "last"), ("events", "time"))


def cut_visits(warehouse: Warehouse, sites: Iterable[Site], now: datetime) -> dict[str, int]:
    """Delete what sites keep no longer; how many rows of each table, 0 left out."""
    kept = [site for site in sites if site.settings.keep_days]
    if not kept:
        return {}
    params: dict[str, object] = {
        "sites": [site.key for site in kept],
        "cutoffs": [day_start(first_kept(site, now), parse_zone(site.timezone)) for site in kept],
    }
    gone = {}
    template = load_sql("tracker.reconcile", "cut_events.sql")
    for table, column in TABLES:
        sql = template.replace("ALTER TABLE events", f"ALTER TABLE {table}")
        sql = sql.replace("AND time <", f"AND {column} <")
        _, _, condition = sql.partition("WHERE")
        ((count,),) = warehouse.rows(f"SELECT count() FROM {table} WHERE {condition}", params)
        if count:
            warehouse.execute(sql, params, settings={"mutations_sync": 2})
            gone[table] = int(count)
    return gone


def first_kept(site: Site, now: datetime) -> date:
    """The first local day whose events are kept; the first of all for a site that keeps all."""
    days = site.settings.keep_days
    if not days:
        return date.min
    return local_day(now, parse_zone(site.timezone)) - timedelta(days=days)


def is_final(site: Site, goals: Iterable[Goal], piece: Slice, now: datetime) -> bool:
    """Whether the slice cannot be built again, because the visits that it needs may be gone."""
    if piece.kind == "spend" or not site.settings.keep_days:
        return False
    needed = timedelta(days=_lookback(site, goals) if piece.kind == "credits" else 1)
    return piece.day - needed < first_kept(site, now)


def _lookback(site: Site, goals: Iterable[Goal]) -> int:
    """The longest lookback of the site and its goals, in days, as far as visits are kept for it."""
    longest = max([site.lookback_days, *(goal.lookback_days or 0 for goal in goals)])
    # NOTE: goals were once allowed a longer one; without this none of their days would be built.
    return min(longest, site.settings.keep_days - KEPT_BEYOND_LOOKBACK)
