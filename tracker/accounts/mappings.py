"""Column mappings of spend files that a tenant has confirmed, remembered by the file's header."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert
from tracker.errors import NotFound


def remember_mapping(
    db: Engine,
    tenant: str,
    fingerprint: str,
    mapping: Mapping[str, str],
    *,
    now: datetime | None = None,
) -> None:
    """Keep field → column for files whose header has this fingerprint; the last one wins."""
    stored = msgspec.json.encode(dict(mapping)).decode()
    instant = now or utc_now()
    try:
        with write(db) as connection:
            connection.execute(
                upsert(connection, schema.spend_mappings)
                .values(tenant=tenant, fingerprint=fingerprint, mapping=stored, updated_at=instant)
                .on_conflict_do_update(
                    index_elements=["tenant", "fingerprint"],
                    set_={"mapping": stored, "updated_at": instant},
                )
            )
    except IntegrityError as error:
        raise NotFound(f"No tenant {tenant!r}.") from error


def list_mappings(db: Engine, tenant: str) -> list[tuple[str, dict[str, str], datetime]]:
    """(fingerprint, mapping, when it was last used) of a tenant, newest first."""
    table = schema.spend_mappings
    query = select(table).where(table.c.tenant == tenant)
    with db.connect() as connection:
        rows = connection.execute(query.order_by(table.c.updated_at.desc(), table.c.fingerprint))
        return [
            (row.fingerprint, msgspec.json.decode(row.mapping, type=dict[str, str]), row.updated_at)
            for row in rows
        ]


def recall_mapping(db: Engine, tenant: str, fingerprint: str) -> dict[str, str] | None:
    """The mapping remembered for that header, or None."""
    table = schema.spend_mappings
    with db.connect() as connection:
        stored = connection.execute(
            select(table.c.mapping).where(
                table.c.tenant == tenant, table.c.fingerprint == fingerprint
            )
        ).scalar_one_or_none()
    return None if stored is None else msgspec.json.decode(stored, type=dict[str, str])


def first_mapping(
    db: Engine, tenant: str, fingerprints: Callable[[], Iterable[str]]
) -> dict[str, str] | None:
    """The mapping of the first of these headers that has one. They are asked for only where the
    tenant has mappings at all, since telling them means reading a file."""
    table = schema.spend_mappings
    with db.connect() as connection:
        known: dict[str, str] = {
            row.fingerprint: row.mapping
            for row in connection.execute(select(table).where(table.c.tenant == tenant))
        }
    if not known:
        return None
    stored = next((known[one] for one in fingerprints() if one in known), None)
    return None if stored is None else msgspec.json.decode(stored, type=dict[str, str])


def forget_mapping(db: Engine, tenant: str, fingerprint: str) -> bool:
    """Forget a mapping; whether there was one."""
    table = schema.spend_mappings
    with write(db) as connection:
        gone = connection.execute(
            delete(table).where(table.c.tenant == tenant, table.c.fingerprint == fingerprint)
        )
    return gone.rowcount > 0
