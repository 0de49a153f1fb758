"""Salts of visitors who allow no storage: one per site and local date, soon forgotten.

All processes agree on a salt because it is inserted if absent and then read back. Once it is
deleted, nobody can tell any more which visitors of that date were the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, delete, select

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.sites import Site
from tracker.accounts.upserts import upsert
from tracker.period import day_start, local_day, parse_zone

#: How long a salt outlives the end of its date, for events that arrive late.
GRACE = timedelta(hours=48)
SALT_BYTES = 32


def salt_of(db: Engine, site: Site, day: date, *, now: datetime | None = None) -> bytes | None:
    """The salt of a local date, made now if it is missing; None once its time is over.

    It may be cached for as long as ``expires_at`` has not passed, never longer.
    """
    if expires_at(site, day) <= (now or utc_now()):
        return None
    table = schema.salts
    query = select(table.c.salt).where(table.c.site == site.key, table.c.day == day)
    with db.connect() as connection:
        found: bytes | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        _insert(db, [(site, day)])
        with db.connect() as connection:
            found = connection.execute(query).scalar_one_or_none()
    return found


def make_salts(db: Engine, sites: Iterable[Site], *, now: datetime | None = None) -> None:
    """Make the salts of today and tomorrow where they are missing; run it at least daily."""
    instant = now or utc_now()
    days = []
    for site in sites:
        today = local_day(instant, parse_zone(site.timezone))
        days += [(site, today), (site, today + timedelta(days=1))]
    _insert(db, days)


def delete_old_salts(db: Engine, *, now: datetime | None = None) -> int:
    """Delete the salts whose date ended more than 48 hours ago; how many there were."""
    table = schema.salts
    with write(db) as connection:
        gone = connection.execute(delete(table).where(table.c.expires_at <= (now or utc_now())))
    return gone.rowcount


def expires_at(site: Site, day: date) -> datetime:
    """The instant (UTC) from which the salt of a local date is of no use: 48 h past its end."""
    return day_start(day + timedelta(days=1), parse_zone(site.timezone)) + GRACE


def _insert(db: Engine, days: list[tuple[Site, date]]) -> None:
    if not days:
        return
    rows = [
        {
            "site": site.key,
            "day": day,
            "salt": secrets.token_bytes(SALT_BYTES),
            "expires_at": expires_at(site, day),
        }
        for site, day in days
    ]
    with write(db) as connection:
        connection.execute(upsert(connection, schema.salts).on_conflict_do_nothing(), rows)
