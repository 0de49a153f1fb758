"""What scheduled sources have brought already: each thing once, as long as it stays the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, select, update

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert

#: What became of it: imported, refused, waiting for a person, or none of a report.
OUTCOMES = ("ok", "failed", "held", "empty")


@dataclass(frozen=True, slots=True)
class SourceItem:
    """A thing that a source had. ``version`` changes when the thing does (an ETag, a digest)."""

    name: str
    version: str
    outcome: str
    seen_at: datetime


def item_key(name: str) -> str:
    """The stored form of a name of any length."""
    return hashlib.sha256(name.encode()).hexdigest()


def seen_items(db: Engine, connection: str) -> Mapping[str, SourceItem]:
    """Everything that a connection has brought, by ``item_key``."""
    table = schema.source_items
    with db.connect() as reader:
        rows = reader.execute(select(table).where(table.c.connection == connection))
        return {
            row.item: SourceItem(row.name, row.version, row.outcome, row.seen_at) for row in rows
        }


def note_item(
    db: Engine,
    connection: str,
    name: str,
    *,
    version: str = "",
    outcome: str,
    now: datetime | None = None,
) -> None:
    """Say what became of a thing; the last word stands."""
    values = {
        "name": name[:300].replace("\0", " "),
        "version": version[:300],
        "outcome": outcome,
        "seen_at": now or utc_now(),
    }
    with write(db) as writer:
        writer.execute(
            upsert(writer, schema.source_items)
            .values(connection=connection, item=item_key(name), **values)
            .on_conflict_do_update(index_elements=["connection", "item"], set_=values)
        )


def forget_failed(db: Engine, connection: str) -> None:
    """Let what could not be imported be tried again."""
    table = schema.source_items
    with write(db) as writer:
        writer.execute(
            delete(table).where(table.c.connection == connection, table.c.outcome == "failed")
        )


def settle_item(db: Engine, connection: str, item: str, outcome: str) -> None:
    """Say what became of a thing that waited for a decision; ``item`` is its ``item_key``."""
    table = schema.source_items
    with write(db) as writer:
        writer.execute(
            update(table)
            .where(
                table.c.connection == connection,
                table.c.item == item,
                table.c.outcome == "held",
            )
            .values(outcome=outcome)
        )
