"""API tokens: random secrets ``trk_…`` for scripts, bound to one site or one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import fingerprint, new_id, new_secret
from tracker.accounts.names import checked_name
from tracker.accounts.rights import Right, parse_right
from tracker.errors import InvalidInput, NotFound

PREFIX = "trk_"
#: The last use is noted at most this often, so that a busy script seldom writes.
TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret; ``hint`` is the secret's beginning, to tell tokens apart.

    ``site`` None means every site of the tenant.
    """

    id: str
    hint: str
    tenant: str
    site: str | None
    scope: Right
    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def add_token(
    db: Engine,
    *,
    tenant: str,
    site: str | None,
    scope: Right | str,
    name: str = "token",
    now: datetime | None = None,
) -> tuple[Token, str]:
    """A new token and its secret, which is not kept and cannot be had again.

    NotFound for the tenant or a site that is not the tenant's, InvalidInput for the scope.
    """
    secret = new_secret(PREFIX)
    token = Token(
        id=new_id(),
        hint=secret[: len(PREFIX) + 4],
        tenant=tenant,
        site=site,
        scope=parse_right(scope),
        name=checked_name(name, "token"),
        created_at=now or utc_now(),
        last_used_at=None,
        revoked_at=None,
    )
    sites = schema.sites
    try:
        with write(db) as connection:
            owner = connection.execute(
                select(sites.c.tenant).where(sites.c.key == site)
            ).scalar_one_or_none()
            if site is not None and owner != tenant:
                raise NotFound(f"The tenant {tenant!r} has no site {site!r}.")
            connection.execute(insert(schema.tokens).values(**_values(token, secret)))
    except IntegrityError as error:
        raise NotFound(f"No tenant {tenant!r}.") from error
    return token, secret


def resolve_token(db: Engine, secret: str, *, now: datetime | None = None) -> Token | None:
    """The token of that secret with its use noted, or None if unknown or revoked."""
    if not secret.startswith(PREFIX):
        return None
    table, instant = schema.tokens, now or utc_now()
    with db.connect() as connection:
        row = connection.execute(
            select(table).where(table.c.hash == fingerprint(secret), table.c.revoked_at.is_(None))
        ).one_or_none()
    if row is None:
        return None
    if row.last_used_at is None or instant - row.last_used_at >= TOUCH:
        with write(db) as connection:
            connection.execute(
                update(table).where(table.c.id == row.id).values(last_used_at=instant)
            )
    return _token(row)


def list_tokens(db: Engine, *, tenant: str | None = None, site: str | None = None) -> list[Token]:
    """Tokens, revoked ones too, newest first; of a tenant or of a site when one is given."""
    table = schema.tokens
    query = select(table).order_by(table.c.created_at.desc(), table.c.id)
    if tenant is not None:
        query = query.where(table.c.tenant == tenant)
    if site is not None:
        query = query.where(table.c.site == site)
    with db.connect() as connection:
        return [_token(row) for row in connection.execute(query)]


def revoke_token(
    db: Engine, token: str, *, tenant: str | None = None, now: datetime | None = None
) -> None:
    """Make the token of that id useless at once.

    NotFound when there is none in the tenant, if one is given; InvalidInput if it was revoked.
    """
    table = schema.tokens
    found = (table.c.id == token) & (table.c.tenant == tenant if tenant else table.c.id == token)
    with write(db) as connection:
        changed = connection.execute(
            update(table)
            .where(found, table.c.revoked_at.is_(None))
            .values(revoked_at=now or utc_now())
        )
        if changed.rowcount:
            return
        if connection.execute(select(table.c.id).where(found)).first() is None:
            raise NotFound(f"No token {token!r}.")
    raise InvalidInput(f"The token {token!r} was revoked already.")


def _values(token: Token, secret: str) -> dict[str, Any]:
    values = {name: getattr(token, name) for name in Token.__dataclass_fields__}
    return values | {"scope": token.scope.value, "hash": fingerprint(secret)}


def _token(row: Row[Any]) -> Token:
    values = dict(row._mapping)
    values.pop("hash")
    return Token(**values | {"scope": Right(row.scope)})
