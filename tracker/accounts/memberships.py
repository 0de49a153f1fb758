"""Memberships: which user is what in which tenant, perhaps for some of its sites only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.rights import Role
from tracker.accounts.upserts import upsert
from tracker.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's role in a tenant; ``sites`` None means all of them, also those to come."""

    user: str
    tenant: str
    role: Role
    sites: frozenset[str] | None = None

    def reaches(self, site: str) -> bool:
        """Whether the role holds for that site of the tenant."""
        return self.sites is None or site in self.sites


def set_membership(
    db: Engine, *, user: str, tenant: str, role: Role, sites: Iterable[str] | None = None
) -> Membership:
    """Give or change a role; NotFound for a user, tenant or site of the tenant that is not there.

    InvalidInput when an owner would be restricted, or a tenant would lose its last owner.
    """
    member = Membership(user, tenant, role, None if sites is None else frozenset(sites))
    if role is Role.OWNER and member.sites is not None:
        raise InvalidInput("An owner has all sites of the tenant.", hint="Use editor or viewer.")
    with write(db) as connection:
        store_membership(connection, member)
        _keep_an_owner(connection, tenant)
    return member


def store_membership(connection: Connection, member: Membership) -> None:
    """Upsert a membership inside a transaction of the caller's."""
    table, restricted = schema.memberships, member.sites is not None
    statement = upsert(connection, table).values(
        user=member.user, tenant=member.tenant, role=member.role.value, restricted=restricted
    )
    try:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["user", "tenant"],
                set_={"role": member.role.value, "restricted": restricted},
            )
        )
    except IntegrityError as error:
        raise NotFound(f"No user {member.user!r} or no tenant {member.tenant!r}.") from error
    _store_sites(connection, member)


def remove_membership(db: Engine, *, user: str, tenant: str) -> None:
    """Take a user out of a tenant; NotFound, InvalidInput for its last owner."""
    table = schema.memberships
    with write(db) as connection:
        removed = connection.execute(
            delete(table).where(table.c.user == user, table.c.tenant == tenant)
        )
        if not removed.rowcount:
            raise NotFound(f"The user {user!r} is no member of the tenant {tenant!r}.")
        _keep_an_owner(connection, tenant)


def memberships_of(db: Engine, user: str) -> tuple[Membership, ...]:
    """Every role of a user, by tenant."""
    return _read(db, schema.memberships.c.user.name, user)


def members_of(db: Engine, tenant: str) -> tuple[Membership, ...]:
    """Everybody's role in a tenant, by user."""
    return _read(db, schema.memberships.c.tenant.name, tenant)


def _read(db: Engine, column: str, value: str) -> tuple[Membership, ...]:
    table, limits = schema.memberships, schema.membership_sites
    with db.connect() as connection:
        rows = connection.execute(
            select(table).where(table.c[column] == value).order_by(table.c.tenant, table.c.user)
        ).all()
        sites: dict[tuple[str, str], set[str]] = {}
        for limit in connection.execute(select(limits).where(limits.c[column] == value)):
            sites.setdefault((limit.user, limit.tenant), set()).add(limit.site)
    return tuple(
        Membership(
            row.user,
            row.tenant,
            Role(row.role),
            frozenset(sites.get((row.user, row.tenant), ())) if row.restricted else None,
        )
        for row in rows
    )


def _store_sites(connection: Connection, member: Membership) -> None:
    limits, sites = schema.membership_sites, schema.sites
    connection.execute(
        delete(limits).where(limits.c.user == member.user, limits.c.tenant == member.tenant)
    )
    if not member.sites:
        return
    known = set(
        connection.execute(
            select(sites.c.key).where(
                sites.c.tenant == member.tenant, sites.c.key.in_(sorted(member.sites))
            )
        ).scalars()
    )
    if missing := sorted(member.sites - known):
        raise NotFound(f"The tenant has no site {missing[0]!r}.")
    connection.execute(
        insert(limits),
        [
            {"user": member.user, "tenant": member.tenant, "site": site}
            for site in sorted(member.sites)
        ],
    )


def _keep_an_owner(connection: Connection, tenant: str) -> None:
    table = schema.memberships
    # On PostgreSQL two owners could step down at once; the tenant's row is the lock.
    connection.execute(
        select(schema.tenants.c.id).where(schema.tenants.c.id == tenant).with_for_update()
    )
    owners: int = connection.execute(
        select(func.count()).where(table.c.tenant == tenant, table.c.role == Role.OWNER.value)
    ).scalar_one()
    if not owners:
        raise InvalidInput("A tenant needs an owner.", hint="Make somebody else an owner first.")
