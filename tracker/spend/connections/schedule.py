"""When connections run by themselves, and for which days.

Every enabled account has the instant of its next run in the metadata store. What is due is queued
and gets its next instant in one transaction, so of several processes one queues it. After
downtime an account is due once, and its run reaches back to the last day that was pulled. What a
clock that was ahead has written (a next run, a watermark) counts no more once the clock is right.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, update

from tracker.accounts import schema
from tracker.accounts.connection_accounts import ConnectionAccount, due_accounts
from tracker.accounts.connection_runs import OPEN, NewRun, Trigger, insert_run
from tracker.accounts.connections import Connection, Timetable, get_connection
from tracker.accounts.database import write
from tracker.period import Period, local_day, parse_zone
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.kinds import Kind

#: Runs begin up to so much later than the timetable says, each account at a moment of its own.
JITTER = timedelta(minutes=10)
#: The first run of an account reaches back so many days.
FIRST_DAYS = 30
DAY, WEEK = timedelta(days=1), timedelta(days=7)
#: A next run so much later than the timetable has it was set by a clock that was ahead.
AHEAD = timedelta(hours=1)


class Wanted(NamedTuple):
    """What a scheduled run asks for."""

    days: Period | None
    trigger: Trigger


def timetable_of(connection: Connection) -> Timetable:
    """The connection's own, else its kind's."""
    return connection.timetable or kind_of(connection.kind).timetable


def zone_of(timetable: Timetable, account: ConnectionAccount) -> ZoneInfo:
    """The zone in which the timetable is read."""
    return parse_zone(timetable.timezone or account.timezone or "UTC")


def newest_day(kind: Kind, account: ConnectionAccount, now: datetime) -> date:
    """The last day that is over where the account's days are counted, whatever zone its timetable
    is read in."""
    zone = parse_zone(kind.timetable.timezone or account.timezone or "UTC")
    return local_day(now, zone) - DAY


def next_run(timetable: Timetable, account: ConnectionAccount, after: datetime) -> datetime:
    """The next instant of the timetable after that one, with the account's own jitter."""
    late = _jitter(account)
    if timetable.every_minutes:
        every = timedelta(minutes=timetable.every_minutes)
        return after + every + late * (every / timedelta(days=1))
    zone = zone_of(timetable, account)
    hour, minute = map(int, timetable.at.split(":"))
    day = local_day(after - late, zone)
    while True:
        # An hour that the clocks skip is the one after it.
        at = datetime.combine(day, time(hour, minute), zone).astimezone(after.tzinfo) + late
        if at > after:
            return at
        day += DAY


def scheduled(
    kind: Kind, timetable: Timetable, account: ConnectionAccount, now: datetime
) -> Wanted:
    """The days of a run that is due now: up to yesterday, back over those that the platform may
    have restated, and over those that were missed."""
    if not kind.has_accounts:
        return Wanted(None, "schedule")
    waits = account.weekly_at is not None and now < account.weekly_at <= now + WEEK
    weekly = bool(timetable.weekly_days) and not waits
    last = newest_day(kind, account, now)
    watermark = _watermark(account, last)
    back = max(timetable.days, timetable.weekly_days if weekly else 0)
    if watermark is None:
        back = max(back, FIRST_DAYS)
    first = last - timedelta(days=back - 1)
    if watermark is not None:
        first = min(first, watermark + DAY)
    first = max(first, _oldest_day(kind, last))
    return Wanted(Period(first, last), "weekly" if weekly else "schedule")


def _watermark(account: ConnectionAccount, last: date) -> date | None:
    """The account's watermark, None for one after today: nobody knows which days it stands for."""
    found = account.watermark
    return None if found is not None and found > last + DAY else found


def _oldest_day(kind: Kind, last: date) -> date:
    """The first day that the platform still has."""
    return last - timedelta(days=kind.kept_days - 1)


def recent(connection: Connection, account: ConnectionAccount, now: datetime) -> Period | None:
    """The days of a run by hand: those of the daily run."""
    kind, timetable = kind_of(connection.kind), timetable_of(connection)
    daily = Timetable(timetable.at, timetable.timezone, days=timetable.days)
    return scheduled(kind, daily, account, now).days


def queue_due(db: Engine, now: datetime) -> list[str]:
    """Queue a run for every account whose time has come; their ids."""
    queued: list[str] = []
    known: dict[str, Connection] = {}
    for account in due_accounts(db, now):
        connection = known.get(account.connection) or get_connection(db, account.connection)
        known[connection.id] = connection
        if not _is_due(timetable_of(connection), account, now):
            continue
        if run := _queue(db, connection, account, now):
            queued.append(run)
    return queued


def _is_due(timetable: Timetable, account: ConnectionAccount, now: datetime) -> bool:
    due = account.due_at
    return due is None or due <= now or due > next_run(timetable, account, now) + AHEAD


def _queue(
    db: Engine, connection: Connection, account: ConnectionAccount, now: datetime
) -> str | None:
    """Queue one; None when another process has, or when an earlier run is still under way: then
    the next one catches up."""
    timetable = timetable_of(connection)
    wanted = scheduled(kind_of(connection.kind), timetable, account, now)
    next_at = next_run(timetable, account, now)
    weekly_at = now + WEEK - JITTER if wanted.trigger == "weekly" else account.weekly_at
    table, runs = schema.connection_accounts, schema.connection_runs
    unseen = (
        table.c.due_at.is_(None) if account.due_at is None else table.c.due_at == account.due_at
    )
    with write(db) as transaction:
        busy = transaction.execute(
            select(runs.c.id).where(
                runs.c.connection == connection.id,
                runs.c.account == account.account,
                runs.c.trigger.in_(("schedule", "weekly")),
                runs.c.state.in_(OPEN),
            )
        ).first()
        changed = transaction.execute(
            update(table)
            .where(table.c.connection == connection.id, table.c.account == account.account, unseen)
            .values(due_at=next_at, **({} if busy else {"weekly_at": weekly_at}))
        )
        if busy or not changed.rowcount:
            return None
        first, last = (wanted.days.first, wanted.days.last) if wanted.days else (None, None)
        new = NewRun(
            connection.tenant,
            connection.id,
            connection.kind,
            account.account,
            wanted.trigger,
            first,
            last,
        )
        return insert_run(transaction, new, now)


def _jitter(account: ConnectionAccount) -> timedelta:
    """The account's own share of the jitter, the same every day."""
    name = f"{account.connection}\0{account.account}".encode()
    share = int.from_bytes(hashlib.sha256(name).digest()[:4], "big") / (1 << 32)
    return timedelta(seconds=int(JITTER.total_seconds() * share))


def watermark_after(
    kind: Kind, account: ConnectionAccount, done: Period, now: datetime
) -> date | None:
    """The account's watermark when these days are done: it moves on where no gap is left that the
    platform could still fill."""
    last = newest_day(kind, account, now)
    before = _watermark(account, last)
    if before is None:
        return done.last
    if done.first > max(before + DAY, _oldest_day(kind, last)):
        return before
    return max(before, done.last)
