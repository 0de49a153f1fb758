"""Failed log-ins, counted in the store so that every process and restart knows of them.

Three counts back off independently: one address against one e-mail, one e-mail from anywhere,
and one address against any e-mail. Beyond its free attempts each further failure doubles the
wait, up to ``LONGEST_WAIT``; a day without failures forgets.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select, update

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
    with write(db) as connection:
        table = schema.login_failures
        connection.execute(delete(table).where(table.c.last_at < now - FORGET))
        keys = _keys(email, ip)
        locked = connection.execute(
            select(table.c.locked_until)
            .where(
                table.c.key.in_(keys.values()),
                table.c.locked_until > now,
                # NOTE: a wait longer than any that is given means that the clock was set back.
                table.c.locked_until <= now + LONGEST_WAIT,
            )
            .order_by(table.c.locked_until.desc())
        ).scalars()
        until: datetime | None = locked.first()
        if until is None:
            for kind, key in keys.items():
                _count(connection, key, FREE[kind], now)
    if until is not None:
        seconds = -((now - until) // timedelta(seconds=1))
        raise RateLimited(
            f"Too many failed log-ins; try again in {seconds} s.", retry_after=seconds
        )


def attempt_succeeded(db: Engine, email: str, ip: str) -> None:
    """Forget the failures of this e-mail; the address keeps those it made elsewhere."""
    table = schema.login_failures
    keys = _keys(email, ip)
    with write(db) as connection:
        own = [keys["pair"], keys["email"]]
        connection.execute(delete(table).where(table.c.key.in_(own)))
        connection.execute(
            update(table).where(table.c.key == keys["ip"]).values(failures=table.c.failures - 1)
        )


def _keys(email: str, ip: str) -> dict[str, str]:
    """Hashed, so that mistyped e-mails (at times passwords) are not kept."""
    parts = {"pair": f"pair {email} {ip}", "email": f"email {email}", "ip": f"ip {ip}"}
    return {kind: fingerprint(text) for kind, text in parts.items()}


def _count(connection: Connection, key: str, free: int, now: datetime) -> None:
    table = schema.login_failures
    statement = upsert(connection, table).values(
        key=key, failures=1, last_at=now, locked_until=EPOCH
    )
    failures: int = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={"failures": table.c.failures + 1, "last_at": now}
        ).returning(table.c.failures)
    ).scalar_one()
    if failures >= free:
        wait = min(FIRST_WAIT * 2 ** min(failures - free, 20), LONGEST_WAIT)
        connection.execute(update(table).where(table.c.key == key).values(locked_until=now + wait))
