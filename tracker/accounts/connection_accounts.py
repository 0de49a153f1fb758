"""What is run under a connection: the ad accounts of its log-in, each with its own schedule.

A source that has no ad accounts (a mailbox, a folder, an address) has one row whose account is
"": the source as a whole. So the schedule, and *one run at a time*, are the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, select, update

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.names import checked_name
from tracker.accounts.upserts import upsert
from tracker.errors import NotFound
from tracker.money import parse_currency
from tracker.period import checked_zone

#: The account of a source that has none: the source itself.
WHOLE = ""
#: A daily timetable looks no further ahead, also where the clocks go back.
AHEAD = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class ConnectionAccount:
    """One ad account under a connection; the first fields are those of ``AccountRef``.

    ``enabled`` accounts run by the schedule: next at ``due_at``, and for the longer period at
    ``weekly_at``; None before the schedule has seen them. ``watermark`` is the last day up to
    which everything was pulled. ``error`` is why this account alone does not run.
    """

    connection: str
    account: str
    name: str = ""
    login: str = ""
    manager: str = ""
    currency: str = ""
    timezone: str = ""
    is_manager: bool = False
    enabled: bool = False
    due_at: datetime | None = None
    weekly_at: datetime | None = None
    watermark: date | None = None
    error: str = ""
    cause: str = ""
    found_at: datetime | None = None


#: What a log-in says of an account, and so replaces.
_FOUND = ("name", "login", "manager", "currency", "timezone", "is_manager")


def store_accounts(
    db: Engine, accounts: Iterable[ConnectionAccount], *, now: datetime | None = None
) -> None:
    """Store what a log-in lists. Of an account known already only what is said anew changes: a
    person's choice, the schedule and the watermark stay."""
    table = schema.connection_accounts
    for account in accounts:
        values = {name: getattr(account, name) for name in ConnectionAccount.__dataclass_fields__}
        values |= {"found_at": now or utc_now()} | _checked(account)
        said = {name: values[name] for name in _FOUND if values[name] not in ("", None)}
        with write(db) as connection:
            connection.execute(
                upsert(connection, table)
                .values(**values)
                .on_conflict_do_update(
                    index_elements=["connection", "account"],
                    set_=said | {"found_at": values["found_at"]},
                )
            )


def failing_accounts(db: Engine, tenant: str) -> list[ConnectionAccount]:
    """The accounts that are to run and cannot, of all connections of a tenant that run."""
    table, connections = schema.connection_accounts, schema.connections
    query = (
        select(table)
        .join(connections, table.c.connection == connections.c.id)
        .where(
            connections.c.tenant == tenant,
            connections.c.state == "active",
            table.c.enabled,
            table.c.error != "",
        )
        .order_by(table.c.connection, table.c.account)
    )
    with db.connect() as connection:
        return [_account(row) for row in connection.execute(query)]


def list_accounts(
    db: Engine, connection: str, *, enabled: bool | None = None
) -> list[ConnectionAccount]:
    """The accounts under a connection by name and id."""
    table = schema.connection_accounts
    query = (
        select(table)
        .where(table.c.connection == connection)
        .order_by(table.c.is_manager, table.c.name, table.c.account)
    )
    if enabled is not None:
        query = query.where(table.c.enabled == enabled)
    with db.connect() as opened:
        return [_account(row) for row in opened.execute(query)]


def get_account(db: Engine, connection: str, account: str) -> ConnectionAccount:
    """The account, or NotFound."""
    table = schema.connection_accounts
    with db.connect() as opened:
        row = opened.execute(select(table).where(_is(connection, account))).one_or_none()
    if row is None:
        raise NotFound(
            f"The connection has no account {account!r}.",
            hint="List them: tracker connection accounts.",
        )
    return _account(row)


def enable_account(db: Engine, connection: str, account: str, enabled: bool) -> None:
    """Let an account run by the schedule, or no more; what was wrong with it is forgotten."""
    change_account(db, connection, account, enabled=enabled, error="", cause="", due_at=None)


def change_account(db: Engine, connection: str, account: str, **values: Any) -> None:
    """Set these columns; NotFound for an account that is not there."""
    table = schema.connection_accounts
    with write(db) as opened:
        changed = opened.execute(update(table).where(_is(connection, account)).values(**values))
    if not changed.rowcount:
        raise NotFound(f"The connection has no account {account!r}.")


def stop_account(db: Engine, connection: str, account: str, error: str, cause: str) -> bool:
    """Say why an account runs no more; whether it did until now."""
    table = schema.connection_accounts
    change = update(table).where(_is(connection, account)).values(error=error, cause=cause)
    with write(db) as opened:
        if opened.execute(change.where(table.c.error == "")).rowcount:
            return True
        opened.execute(change)
    return False


def reschedule(db: Engine, connection: str) -> None:
    """Forget when the accounts are due: the schedule was changed. They run once at once."""
    table = schema.connection_accounts
    with write(db) as opened:
        opened.execute(update(table).where(table.c.connection == connection).values(due_at=None))


def remove_account(db: Engine, connection: str, account: str) -> None:
    """Forget an account; what was imported of it stays."""
    table = schema.connection_accounts
    with write(db) as opened:
        opened.execute(delete(table).where(_is(connection, account)))


def due_accounts(db: Engine, now: datetime) -> list[ConnectionAccount]:
    """Enabled accounts of active connections whose time has come, or has never been set; those
    that a person has to see to are left out. Also those whose time is so far ahead that only their
    timetable says whether a clock was wrong when it was set."""
    table, connections = schema.connection_accounts, schema.connections
    query = (
        select(table)
        .join(connections, connections.c.id == table.c.connection)
        .where(
            connections.c.state == "active",
            table.c.enabled,
            table.c.error == "",
            table.c.due_at.is_(None) | (table.c.due_at <= now) | (table.c.due_at > now + AHEAD),
        )
        .order_by(table.c.due_at, table.c.connection, table.c.account)
    )
    with db.connect() as opened:
        return [_account(row) for row in opened.execute(query)]


def _checked(account: ConnectionAccount) -> dict[str, Any]:
    name = account.account
    if account.timezone:
        checked_zone(account.timezone)
    return {
        "account": checked_name(name, "ad account") if name != WHOLE else WHOLE,
        "name": account.name.strip()[:200],
        "currency": parse_currency(account.currency) if account.currency else "",
    }


def _is(connection: str, account: str) -> Any:
    columns = schema.connection_accounts.c
    return and_(columns.connection == connection, columns.account == account)


def _account(row: Row[Any]) -> ConnectionAccount:
    return ConnectionAccount(**row._mapping)
