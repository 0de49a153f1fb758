"""Webhooks: addresses at which other systems report conversions of a site.

The secret in the address is kept as a hash only, so that an address is shown once. ``fields`` says
where in what is sent each field of a conversion stands: a path such as ``data.order.id``, or
``=text`` for a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, delete, insert, select, update

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id, new_secret
from tracker.accounts.names import checked_name
from tracker.accounts.sites import get_site
from tracker.errors import InvalidInput, NotFound

MAX_WEBHOOKS = 50


@dataclass(frozen=True, slots=True)
class Webhook:
    """``signed``: what comes must carry a signature. ``error`` is that of the last delivery."""

    id: str
    site: str
    name: str
    signed: bool
    fields: Mapping[str, str]
    created_at: datetime
    used_at: datetime | None
    error: str


def add_webhook(
    db: Engine,
    *,
    site: str,
    name: str,
    fields: Mapping[str, str],
    signed: bool = False,
    now: datetime | None = None,
) -> tuple[Webhook, str]:
    """A new webhook and the secret of its address. NotFound, InvalidInput."""
    get_site(db, site)
    if len(list_webhooks(db, site)) >= MAX_WEBHOOKS:
        raise InvalidInput(f"The site has {MAX_WEBHOOKS} webhooks already; remove one first.")
    secret = new_secret()
    made = Webhook(
        id=new_id(),
        site=site,
        name=checked_name(name, "webhook", longest=100),
        signed=signed,
        fields=dict(fields),
        created_at=now or utc_now(),
        used_at=None,
        error="",
    )
    values = {name: getattr(made, name) for name in Webhook.__dataclass_fields__}
    values |= {"fields": msgspec.json.encode(made.fields).decode(), "hash": _hash(secret)}
    with write(db) as connection:
        connection.execute(insert(schema.webhooks).values(**values))
    return made, secret


def list_webhooks(db: Engine, site: str) -> list[Webhook]:
    """The webhooks of a site, oldest first."""
    table = schema.webhooks
    query = select(table).where(table.c.site == site).order_by(table.c.created_at, table.c.id)
    with db.connect() as connection:
        return [_webhook(row) for row in connection.execute(query)]


def webhook_of(db: Engine, secret: str) -> Webhook:
    """The webhook whose address has this secret; NotFound."""
    table = schema.webhooks
    with db.connect() as connection:
        row = connection.execute(select(table).where(table.c.hash == _hash(secret))).one_or_none()
    if row is None:
        raise NotFound("No webhook has this address.", hint="Copy the address again, or make one.")
    return _webhook(row)


def note_delivery(db: Engine, webhook: str, *, error: str, now: datetime) -> None:
    """Keep when something came, and what was wrong with it; empty for nothing."""
    table = schema.webhooks
    with write(db) as connection:
        connection.execute(
            update(table).where(table.c.id == webhook).values(used_at=now, error=error[:500])
        )


def remove_webhook(db: Engine, site: str, webhook: str) -> None:
    """Remove a webhook; its address answers no more. NotFound."""
    table = schema.webhooks
    with write(db) as connection:
        found = connection.execute(
            delete(table).where(table.c.site == site, table.c.id == webhook)
        ).rowcount
    if not found:
        raise NotFound(f"No webhook {webhook!r}.", hint="Look at the list of webhooks.")


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _webhook(row: Row[Any]) -> Webhook:
    values = {name: getattr(row, name) for name in Webhook.__dataclass_fields__}
    return Webhook(**(values | {"fields": msgspec.json.decode(row.fields, type=dict[str, str])}))
