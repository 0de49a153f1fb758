"""The state of an installation: whether it was set up, and the first set-up itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, select

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.counters import advance
from tracker.accounts.database import write
from tracker.accounts.memberships import Membership, store_membership
from tracker.accounts.rights import Role
from tracker.accounts.tenants import Tenant, insert_tenant
from tracker.accounts.users import User, insert_user, new_user
from tracker.errors import InvalidInput


def has_owner(db: Engine) -> bool:
    """Whether somebody who may log in owns a tenant; False means first-run set-up is due."""
    with db.connect() as connection:
        return _has_owner(connection)


def set_up(
    db: Engine,
    *,
    email: str,
    password: str,
    name: str = "",
    language: str = "",
    tenant: str = "My company",
    now: datetime | None = None,
) -> tuple[Tenant, User]:
    """First-run set-up: a tenant and its owner, both or neither.

    InvalidInput when the installation has an owner already: of two at once, one succeeds.
    """
    user, stored = new_user(email, password, name, language)
    instant = now or utc_now()
    with write(db) as connection:
        # The counter's row lock makes a second set-up wait, on PostgreSQL too.
        advance(connection, "set-up")
        if _has_owner(connection):
            raise InvalidInput(
                "This installation has an owner already.", hint="Log in, or ask the owner."
            )
        owned = insert_tenant(connection, tenant, instant)
        insert_user(connection, user, stored, instant)
        store_membership(connection, Membership(user.id, owned.id, Role.OWNER))
    return owned, user


def _has_owner(connection: Connection) -> bool:
    members, users = schema.memberships, schema.users
    query = (
        select(members.c.user)
        .join(users, users.c.id == members.c.user)
        .where(members.c.role == Role.OWNER.value, ~users.c.disabled)
    )
    return connection.execute(query.limit(1)).first() is not None
