"""Log-in sessions: rows on the server; the browser holds only a random secret."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import fingerprint, new_secret

#: A session ends after so long without a request.
LIFETIME = timedelta(days=30)
#: The expiry is moved at most this often, so that reading a page seldom writes.
TOUCH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in; ``id`` is the hash of the secret and may be shown and logged."""

    id: str
    user: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    ip: str
    user_agent: str


def add_session(
    db: Engine, *, user: str, ip: str = "", user_agent: str = "", now: datetime | None = None
) -> tuple[Session, str]:
    """A new session and its secret for the cookie; the secret is not kept and cannot be had again.

    ``ip`` and the first 200 characters of ``user_agent`` are noted for the list of sessions.
    """
    secret, instant = new_secret(), now or utc_now()
    session = Session(
        id=fingerprint(secret),
        user=user,
        created_at=instant,
        seen_at=instant,
        expires_at=instant + LIFETIME,
        ip=_printable(ip, 64),
        user_agent=_printable(user_agent, 200),
    )
    table = schema.sessions
    with write(db) as connection:
        connection.execute(delete(table).where(table.c.expires_at <= instant))
        connection.execute(insert(table).values(**_values(session)))
    return session, secret


def resolve_session(db: Engine, secret: str, *, now: datetime | None = None) -> Session | None:
    """The live session of that secret, its expiry moved on; None if expired, revoked, disabled."""
    table, users, instant = schema.sessions, schema.users, now or utc_now()
    query = (
        select(table)
        .join(users, users.c.id == table.c.user)
        .where(table.c.id == fingerprint(secret), table.c.expires_at > instant, ~users.c.disabled)
    )
    with db.connect() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if instant - row.seen_at < TOUCH:
        return _session(row)
    moved = {"seen_at": instant, "expires_at": instant + LIFETIME}
    with write(db) as connection:
        connection.execute(update(table).where(table.c.id == row.id).values(**moved))
    return Session(**dict(row._mapping) | moved)


def list_sessions(db: Engine, user: str, *, now: datetime | None = None) -> list[Session]:
    """A user's live sessions, last used first."""
    table = schema.sessions
    query = (
        select(table)
        .where(table.c.user == user, table.c.expires_at > (now or utc_now()))
        .order_by(table.c.seen_at.desc(), table.c.id)
    )
    with db.connect() as connection:
        return [_session(row) for row in connection.execute(query)]


def revoke_session(db: Engine, session: str, *, user: str | None = None) -> bool:
    """End the session of that id, if it is the user's when one is given; whether there was one."""
    table = schema.sessions
    statement = delete(table).where(table.c.id == session)
    if user is not None:
        statement = statement.where(table.c.user == user)
    with write(db) as connection:
        return connection.execute(statement).rowcount > 0


def revoke_sessions(db: Engine, user: str, *, keep: str | None = None) -> None:
    """End all sessions of a user but the one of id ``keep``."""
    with write(db) as connection:
        drop_sessions(connection, user, keep=keep)


def drop_sessions(connection: Connection, user: str, *, keep: str | None = None) -> None:
    """The same inside a transaction of the caller's."""
    table = schema.sessions
    connection.execute(delete(table).where(table.c.user == user, table.c.id != (keep or "")))


def csrf_token(secret: str) -> str:
    """The token that forms of this session carry; it tells nothing about the secret."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def csrf_matches(secret: str, given: str) -> bool:
    """Whether a form's token is that of the session, compared in constant time."""
    return hmac.compare_digest(csrf_token(secret).encode(), given.encode())


def _printable(text: str, longest: int) -> str:
    return "".join(character for character in text if character.isprintable())[:longest]


def _values(session: Session) -> dict[str, Any]:
    return {name: getattr(session, name) for name in Session.__dataclass_fields__}


def _session(row: Row[Any]) -> Session:
    return Session(**row._mapping)
