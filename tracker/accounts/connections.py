"""Connections: where a tenant's spend comes from by itself, an ad platform or another source.

A connection has a *kind* (``spend/connections/kinds.py`` has the table), settings that may be
seen, and a secret that may not: it is sealed, and nothing here but ``read_secret`` opens it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.accounts.names import checked_name
from tracker.accounts.sealing import Sealer
from tracker.errors import InvalidInput, NotFound, of_field
from tracker.period import checked_zone

State = Literal["active", "needs_authorisation", "paused", "disconnected"]


class Timetable(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a connection runs by itself.

    Once a day at ``at`` (HH:MM) in ``timezone`` ("" is the ad account's own), or every
    ``every_minutes`` where that is not 0. A daily run asks for the last ``days`` days again, and
    once a week for the last ``weekly_days``; sources whose files say their days ignore both.
    """

    at: str = "06:00"
    timezone: str = ""
    every_minutes: int = 0
    days: int = 7
    weekly_days: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection without its secret.

    ``site`` is where accounts found under it belong unless they say otherwise; files of a source
    are imported for it. ``timetable`` None stands for the kind's own. ``error`` is why it does
    not run, in a marketer's words; ``cause`` the same for scripts (``failures.Cause``).
    """

    id: str
    tenant: str
    site: str | None
    kind: str
    name: str
    state: State
    settings: Mapping[str, str]
    has_secret: bool
    timetable: Timetable | None
    error: str
    cause: str
    failed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewConnection:
    """What a connection is made from."""

    tenant: str
    kind: str
    name: str
    site: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    timetable: Timetable | None = None
    state: State = "active"


def add_connection(
    db: Engine, sealer: Sealer, new: NewConnection, *, now: datetime | None = None
) -> Connection:
    """Store a connection; NotFound for a tenant or site that does not exist."""
    connection = new_id()
    try:
        with write(db) as transaction:
            transaction.execute(
                insert(schema.connections).values(
                    id=connection,
                    tenant=new.tenant,
                    site=new.site,
                    kind=checked_name(new.kind, "kind of connection", longest=40),
                    name=checked_name(new.name, "connection"),
                    state=new.state,
                    settings=_json(dict(new.settings)),
                    secret=sealer.seal(connection, new.secret),
                    timetable=_timetable_text(new.timetable),
                    error="",
                    cause="",
                    created_at=now or utc_now(),
                )
            )
    except IntegrityError as error:
        raise NotFound(f"No tenant {new.tenant!r} or no site {new.site!r}.") from error
    return get_connection(db, connection)


def get_connection(db: Engine, connection: str, *, tenant: str | None = None) -> Connection:
    """The connection of that id, of that tenant if one is given, or NotFound."""
    table = schema.connections
    with db.connect() as opened:
        row = opened.execute(select(table).where(table.c.id == connection)).one_or_none()
    if row is None or (tenant is not None and row.tenant != tenant):
        raise NotFound(f"No connection {connection!r}.", hint="List them: tracker connection list.")
    return _connection(row)


def list_connections(
    db: Engine, tenant: str | None = None, *, state: State | None = None
) -> list[Connection]:
    """Connections of a tenant, or of all, oldest first."""
    table = schema.connections
    query = select(table).order_by(table.c.created_at, table.c.id)
    if tenant is not None:
        query = query.where(table.c.tenant == tenant)
    if state is not None:
        query = query.where(table.c.state == state)
    with db.connect() as opened:
        return [_connection(row) for row in opened.execute(query)]


def configure_connection(
    db: Engine,
    connection: str,
    *,
    name: str | None = None,
    site: str | None = None,
    settings: Mapping[str, str] | None = None,
    timetable: Timetable | None = None,
) -> Connection:
    """Change what is given, and nothing else."""
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = checked_name(name, "connection")
    if site is not None:
        values["site"] = site
    if settings is not None:
        values["settings"] = _json(dict(settings))
    if timetable is not None:
        values["timetable"] = _timetable_text(timetable)
    if values:
        _update(db, connection, values)
    return get_connection(db, connection)


def set_connection_state(
    db: Engine,
    connection: str,
    state: State,
    *,
    error: str = "",
    cause: str = "",
    now: datetime | None = None,
) -> bool:
    """Let it be so, with the reason; whether its state was another before.

    A connection that was disconnected stays so: a run that was on its way must not revive it.
    """
    table = schema.connections
    failed = (now or utc_now()) if error else None
    change = (
        update(table)
        .where(table.c.id == connection, table.c.state != "disconnected")
        .values(state=state, error=error, cause=cause, failed_at=failed)
    )
    with write(db) as opened:
        if opened.execute(change.where(table.c.state != state)).rowcount:
            return True
        opened.execute(change.where(table.c.error != error))
    return False


def note_failure(
    db: Engine, connection: str, error: str, cause: str, *, now: datetime | None = None
) -> bool:
    """Say what went wrong with an active connection that goes on; whether nothing was before."""
    table = schema.connections
    change = (
        update(table)
        .where(table.c.id == connection, table.c.state == "active")
        .values(error=error, cause=cause, failed_at=now or utc_now())
    )
    with write(db) as opened:
        if opened.execute(change.where(table.c.error == "")).rowcount:
            return True
        opened.execute(change.where(table.c.error != error))
    return False


def settle_connection(db: Engine, connection: str) -> None:
    """Forget what was wrong, after a run that went well; a connection that was paused, stopped
    or disconnected meanwhile stays so."""
    table = schema.connections
    with write(db) as opened:
        opened.execute(
            update(table)
            .where(table.c.id == connection, table.c.state == "active", table.c.error != "")
            .values(error="", cause="", failed_at=None)
        )


def disconnect(db: Engine, connection: str) -> None:
    """Forget its secret for good and stop its schedule. What was imported stays."""
    _update(
        db,
        connection,
        {"state": "disconnected", "secret": "", "error": "", "cause": "", "failed_at": None},
    )


def read_secret(db: Engine, sealer: Sealer, connection: str) -> dict[str, str]:
    """The secret values; SealBroken when the key is another one. Never log or show them."""
    table = schema.connections
    with db.connect() as opened:
        sealed = opened.execute(
            select(table.c.secret).where(table.c.id == connection)
        ).scalar_one_or_none()
    if sealed is None:
        raise NotFound(f"No connection {connection!r}.")
    return sealer.open(connection, sealed)


def store_secret(db: Engine, sealer: Sealer, connection: str, values: Mapping[str, str]) -> None:
    """Keep these in the place of what was kept; safe from a crash when it returns.

    InvalidInput for a connection that was disconnected meanwhile.
    """
    table = schema.connections
    with write(db) as opened:
        changed = opened.execute(
            update(table)
            .where(table.c.id == connection, table.c.state != "disconnected")
            .values(secret=sealer.seal(connection, values))
        )
    if not changed.rowcount:
        raise InvalidInput("The connection was disconnected.", hint="Connect it anew.")


def reseal(db: Engine, sealer: Sealer) -> int:
    """Seal with the newest key what an older one sealed; how many there were."""
    table = schema.connections
    done = 0
    with db.connect() as opened:
        rows = opened.execute(select(table.c.id, table.c.secret).where(table.c.secret != "")).all()
    for row in rows:
        if sealer.is_newest(row.secret):
            continue
        fresh = sealer.seal(row.id, sealer.open(row.id, row.secret))
        with write(db) as opened:
            # A token that was renewed in between has the newest key already.
            changed = opened.execute(
                update(table)
                .where(table.c.id == row.id, table.c.secret == row.secret)
                .values(secret=fresh)
            )
        done += changed.rowcount
    return done


def has_secrets(db: Engine) -> bool:
    """Whether anything is sealed."""
    table = schema.connections
    with db.connect() as opened:
        query = select(table.c.id).where(table.c.secret != "").limit(1)
        return opened.execute(query).first() is not None


def _update(db: Engine, connection: str, values: Mapping[str, Any]) -> None:
    table = schema.connections
    try:
        with write(db) as opened:
            changed = opened.execute(update(table).where(table.c.id == connection).values(**values))
    except IntegrityError as error:
        raise NotFound("The site does not exist.") from error
    if not changed.rowcount:
        raise NotFound(f"No connection {connection!r}.")


def check_timetable(timetable: Timetable) -> Timetable:
    """The same, or InvalidInput naming what is wrong with it."""
    hours, _, minutes = timetable.at.partition(":")
    good = hours.isdecimal() and minutes.isdecimal() and len(timetable.at) == 5
    if not good or int(hours) > 23 or int(minutes) > 59:
        raise InvalidInput(f"The time {timetable.at!r} is none.", hint="Write it as HH:MM.")
    if timetable.timezone:
        of_field("timezone", checked_zone, timetable.timezone)
    for name, value, low, high in (
        ("days", timetable.days, 1, 400),
        ("weekly days", timetable.weekly_days, 0, 1200),
        ("minutes", timetable.every_minutes, 0, 7 * 1440),
    ):
        if not low <= value <= high:
            raise InvalidInput(f"The number of {name} is {value}; allowed are {low} to {high}.")
    return timetable


def _timetable_text(timetable: Timetable | None) -> str:
    return "" if timetable is None else _json(check_timetable(timetable))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _connection(row: Row[Any]) -> Connection:
    values = dict(row._mapping)
    values["settings"] = msgspec.json.decode(row.settings, type=dict[str, str])
    values["has_secret"] = bool(values.pop("secret"))
    text = row.timetable
    values["timetable"] = msgspec.json.decode(text, type=Timetable) if text else None
    return Connection(**values)
