"""Users: who may log in, and their password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.accounts.logins import attempt_succeeded, begin_attempt
from tracker.accounts.names import checked_name
from tracker.accounts.passwords import hash_password, needs_rehash, password_matches
from tracker.accounts.sessions import drop_sessions
from tracker.errors import AccessDenied, InvalidInput, NotFound

#: Languages of the pages.
LANGUAGES = ("en", "zh")
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may log in; ``email`` is in lower case.

    ``language`` is the one that he chose, or empty: his browser's.
    """

    id: str
    email: str
    name: str
    language: str


def parse_email(text: str) -> str:
    """An e-mail address in lower case, or InvalidInput; only its shape is checked."""
    email = text.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise InvalidInput(
            f"Not an e-mail address: {text!r}.", hint="Write it as name@example.com."
        )
    return email


def parse_language(text: str) -> str:
    """``en``, ``zh``, or empty for the browser's; InvalidInput."""
    if text and text not in LANGUAGES:
        raise InvalidInput(f"Unknown language {text!r}.", hint=f"Use {' or '.join(LANGUAGES)}.")
    return text


def add_user(
    db: Engine,
    *,
    email: str,
    password: str,
    name: str = "",
    language: str = "",
    now: datetime | None = None,
) -> User:
    """A new user without any membership yet; InvalidInput for a bad value or an e-mail in use."""
    user, stored = new_user(email, password, name, language)
    with write(db) as connection:
        insert_user(connection, user, stored, now or utc_now())
    return user


def new_user(email: str, password: str, name: str, language: str) -> tuple[User, str]:
    """A checked user that is not stored yet, and his password's hash (slow by intent)."""
    address = parse_email(email)
    shown = checked_name(name or address.partition("@")[0], "user")
    return User(new_id(), address, shown, parse_language(language)), hash_password(password)


def insert_user(connection: Connection, user: User, stored: str, now: datetime) -> None:
    """Store a user that ``new_user`` made, inside a transaction of the caller's."""
    values = _values(user) | {"password": stored, "disabled": False, "created_at": now}
    try:
        connection.execute(insert(schema.users).values(**values))
    except IntegrityError as error:
        raise InvalidInput(
            f"There is a user with the e-mail {user.email} already.",
            hint="Add that user to the tenant instead.",
        ) from error


def find_user(db: Engine, email: str) -> User | None:
    """The user with that e-mail address, whatever its case, or None."""
    table = schema.users
    with db.connect() as connection:
        row = connection.execute(
            select(table).where(table.c.email == email.strip().lower())
        ).one_or_none()
    return None if row is None else user_of(row)


def get_user(db: Engine, user: str) -> User:
    """The user of that id, or NotFound."""
    with db.connect() as connection:
        row = connection.execute(
            select(schema.users).where(schema.users.c.id == user)
        ).one_or_none()
    if row is None:
        raise NotFound(f"No user {user!r}.")
    return user_of(row)


def list_users(db: Engine) -> list[User]:
    """All users, oldest first."""
    table = schema.users
    with db.connect() as connection:
        rows = connection.execute(select(table).order_by(table.c.created_at, table.c.id))
        return [user_of(row) for row in rows]


def authenticate(
    db: Engine, email: str, password: str, *, ip: str = "", now: datetime | None = None
) -> User:
    """The user whose password this is.

    AccessDenied (401) says the same for an unknown e-mail, a wrong password and a disabled user,
    after the same work. RateLimited after too many failures, see ``logins``.
    """
    address, instant = email.strip().lower()[:254], now or utc_now()
    begin_attempt(db, address, ip, instant)
    table = schema.users
    with db.connect() as connection:
        row = connection.execute(select(table).where(table.c.email == address)).one_or_none()
    matches = password_matches(row.password if row else None, password)
    if row is None or not matches or row.disabled:
        raise AccessDenied(
            "Wrong e-mail or password.", hint="Check both and try again.", status=401
        )
    attempt_succeeded(db, address, ip)
    if needs_rehash(row.password):
        _store_password(db, row.id, hash_password(password), replaced=row.password)
    return user_of(row)


def change_password(
    db: Engine, user: str, password: str, *, keep_session: str | None = None
) -> None:
    """Set a password and end the user's sessions but the one kept; NotFound, InvalidInput.

    The caller has made sure that the present password was given, or that an administrator asks.
    """
    stored = hash_password(password)
    with write(db) as connection:
        changed = connection.execute(
            update(schema.users).where(schema.users.c.id == user).values(password=stored)
        )
        if not changed.rowcount:
            raise NotFound(f"No user {user!r}.")
        drop_sessions(connection, user, keep=keep_session)


def update_user(
    db: Engine, user: str, *, name: str | None = None, language: str | None = None
) -> User:
    """Change the name or the language; NotFound, InvalidInput."""
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = checked_name(name, "user")
    if language is not None:
        values["language"] = parse_language(language)
    if values:
        with write(db) as connection:
            connection.execute(
                update(schema.users).where(schema.users.c.id == user).values(**values)
            )
    return get_user(db, user)


def disable_user(db: Engine, user: str, *, disabled: bool = True) -> None:
    """Shut a user out at once, or let him in again; what he did keeps its name. NotFound."""
    with write(db) as connection:
        changed = connection.execute(
            update(schema.users).where(schema.users.c.id == user).values(disabled=disabled)
        )
        if not changed.rowcount:
            raise NotFound(f"No user {user!r}.")
        if disabled:
            drop_sessions(connection, user)


def user_of(row: Row[Any]) -> User:
    """The user in a row of the users table."""
    return User(row.id, row.email, row.name, row.language)


def _store_password(db: Engine, user: str, stored: str, *, replaced: str) -> None:
    table = schema.users
    with write(db) as connection:
        # Only if nobody has changed the password meanwhile.
        connection.execute(
            update(table)
            .where(table.c.id == user, table.c.password == replaced)
            .values(password=stored)
        )


def _values(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in User.__dataclass_fields__}
