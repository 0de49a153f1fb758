"""Bucket plans: into how many buckets a large site's visitors are dealt, chosen by its traffic.

A rebuild of a slice reads the slice and the day before it, so its cost follows the size of a
slice, and a beacon dirties one slice. Small sites have one bucket a day: more of them would be
more parts and more marks for nothing. A plan begins two days from now, on a day without facts
anywhere in the world, so that slices that exist keep their meaning. Plans only grow: a site that
shrinks has small slices, which costs little.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine

from tracker.accounts.buckets import MAX_BUCKETS, add_bucket_plan, dealing_for, plans_of
from tracker.accounts.sites import find_site
from tracker.period import local_day, parse_zone
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: About how many events a slice of a large site has. Each minute rebuilds the slices of its
#: visitors, and each slice is a row that reports read (bench/README.md, late in the day).
SLICE_EVENTS = 250
#: A site whose busiest day has no more than this keeps one bucket.
SMALL_SITE = 2_000
#: Whole days that are looked at.
DAYS = 7


def plan_buckets(warehouse: Warehouse, db: Engine, now: datetime) -> dict[str, int]:
    """Give sites that have outgrown their plan a new one, and those that are dealt by remainder one
    of ranges; returns the new number by site."""
    rows = warehouse.rows(
        load_sql("tracker.reconcile", "daily_events.sql"),
        {"since": now - timedelta(days=DAYS), "until": now, "least": SMALL_SITE},
    )
    grown: dict[str, int] = {}
    plans = plans_of(db, [str(site) for site, _ in rows])
    for key, events in rows:
        site = find_site(db, str(key))
        if site is None:
            continue
        begins = local_day(now, parse_zone(site.timezone)) + timedelta(days=2)
        wanted = buckets_of(int(events))
        now_dealt = dealing_for(plans[site.key], begins)
        # Twice the size is not yet worth it: traffic differs that much from week to week.
        if wanted > 2 * now_dealt.count or now_dealt.by_remainder:
            grown[site.key] = max(wanted, now_dealt.count)
            add_bucket_plan(db, site.key, begins, grown[site.key])
    return grown


def buckets_of(events: int) -> int:
    """The power of two that makes slices of about ``SLICE_EVENTS``."""
    wanted = 1
    while wanted * SLICE_EVENTS < events and wanted < MAX_BUCKETS:
        wanted *= 2
    return wanted if events > SMALL_SITE else 1
