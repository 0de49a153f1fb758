"""Tenants: the company accounts that own sites, ad accounts and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.accounts.names import checked_name
from tracker.errors import NotFound


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company account."""

    id: str
    name: str


def add_tenant(db: Engine, *, name: str, now: datetime | None = None) -> Tenant:
    """A new company account; names need not be unique. InvalidInput for an empty name."""
    with write(db) as connection:
        return insert_tenant(connection, name, now or utc_now())


def insert_tenant(connection: Connection, name: str, now: datetime) -> Tenant:
    """The same inside a transaction of the caller's."""
    tenant = Tenant(new_id(), checked_name(name, "tenant"))
    connection.execute(
        insert(schema.tenants).values(id=tenant.id, name=tenant.name, created_at=now)
    )
    return tenant


def get_tenant(db: Engine, tenant: str) -> Tenant:
    """The tenant of that id, or NotFound."""
    table = schema.tenants
    with db.connect() as connection:
        row = connection.execute(
            select(table.c.id, table.c.name).where(table.c.id == tenant)
        ).one_or_none()
    if row is None:
        raise NotFound(f"No tenant {tenant!r}.")
    return Tenant(row.id, row.name)


def list_tenants(db: Engine) -> list[Tenant]:
    """All tenants, oldest first."""
    table = schema.tenants
    with db.connect() as connection:
        rows = connection.execute(
            select(table.c.id, table.c.name).order_by(table.c.created_at, table.c.id)
        ).all()
    return [Tenant(row.id, row.name) for row in rows]
