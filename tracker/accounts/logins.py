"""Failed log-ins, counted in the store so that every process and restart knows of them.

Three counts back off independently: one address against one e-mail, one e-mail from anywhere,
and one address against any e-mail. Beyond its free attempts each further failure doubles the
wait, up to ``LONGEST_WAIT``; a day without failures forgets.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, update

from tracker.accounts import schema
from tracker.accounts.clock import EPOCH
from tracker.accounts.database import write
from tracker.accounts.identifiers import fingerprint
from tracker.accounts.upserts import upsert
from tracker.errors import RateLimited

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGET = timedelta(days=1)
#: Failures without a wait. The e-mail's own count is generous: it can be used to lock out others.
FREE = {"pair": 5, "email": 30, "ip": 60}


def begin_attempt(db: Engine, email: str, ip: str, now: datetime) -> None:
    """Count an attempt as failed before it is checked; RateLimited while one must wait.

    Counting first means that attempts sent at once cannot all slip past the limit.
    """
    table = schema.login_failures
    with write(db) as connection:
        connection.execute(delete(table).where(table.c.last_at < now - FORGET))
    with write(db) as connection:
        # NOTE: in the order of the keys, so that attempts at once wait for each other and never
        # deadlock; an attempt that must wait is not counted, since the block is rolled back.
        counts = [
            _count(connection, key, FREE[kind], now)
            for key, kind in sorted((key, kind) for kind, key in _keys(email, ip).items())
        ]
        # A wait longer than any that is given means that the clock was set back.
        waits = [until - now for until in counts if now < until <= now + LONGEST_WAIT]
        if waits:
            seconds = -(-max(waits) // timedelta(seconds=1))
            raise RateLimited(
                f"Too many failed log-ins; try again in {seconds} s.", retry_after=seconds
            )


def attempt_succeeded(db: Engine, email: str, ip: str) -> None:
    """Forget the failures of this e-mail; the address keeps those it made elsewhere."""
    table = schema.login_failures
    with write(db) as connection:
        for key, kind in sorted((key, kind) for kind, key in _keys(email, ip).items()):
            here = table.c.key == key
            if kind == "ip":
                fewer = table.c.failures - 1
                connection.execute(update(table).where(here).values(failures=fewer))
            else:
                connection.execute(delete(table).where(here))


def _keys(email: str, ip: str) -> dict[str, str]:
    """Hashed, so that mistyped e-mails (at times passwords) are not kept."""
    parts = {"pair": f"pair {email} {ip}", "email": f"email {email}", "ip": f"ip {ip}"}
    return {kind: fingerprint(text) for kind, text in parts.items()}


def _count(connection: Connection, key: str, free: int, now: datetime) -> datetime:
    """Count a failure, extend the wait if it is due, and return until when one had to wait."""
    table = schema.login_failures
    statement = upsert(connection, table).values(
        key=key, failures=1, last_at=now, locked_until=EPOCH
    )
    row = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={"failures": table.c.failures + 1, "last_at": now}
        ).returning(table.c.failures, table.c.locked_until)
    ).one()
    until: datetime = row.locked_until
    if row.failures >= free:
        wait = min(FIRST_WAIT * 2 ** min(row.failures - free, 20), LONGEST_WAIT)
        connection.execute(update(table).where(table.c.key == key).values(locked_until=now + wait))
    return until
